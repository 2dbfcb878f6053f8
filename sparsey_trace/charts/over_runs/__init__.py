"""Charts of many runs at once: what they have in common, and one file for each."""
