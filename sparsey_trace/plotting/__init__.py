"""The pictures of a run drawn with matplotlib: for papers (`sparsey-trace plot`) and notebooks (`result.plot`).

`drawing` knows them by name; a module for each kind of picture does the drawing. Matplotlib is imported when
the first picture is drawn.
"""
