"""What pictures of a run show, as arrays: the same for the report, for papers and for notebooks.

Nothing here knows a plotting library. From the bottom up: `run` (a trace and its tables), `points` (steps
joined until they fit on a picture), then one module for each kind of picture, and `words` (titles, axes,
units, what a picture means).
"""
