"""Reports: what a run, or several, came to, in one HTML file that needs nothing but a browser.

From the bottom up: `views` (the runs, and how their layers pair), `figures` (what all charts share),
modules of charts, `pages` (from sections to HTML) and `report` (the call). `page` holds what the browser gets.
Not `report`, which is a function of the package: see docs/decisions/0001-shape.md.
"""
