"""Runs side by side: their figures, the rules a build can fail by, and the sheet."""
