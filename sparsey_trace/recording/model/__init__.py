"""The model that is watched: its hooks, and what may stand around it."""
