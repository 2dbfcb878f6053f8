"""Reports: what a run, or several, came to, in one HTML file that needs nothing but a browser.

From the bottom up: `runs` (and how their layers pair), `sections` (what the charts add, put together), `tables`,
`all_findings` (what stands first, in words; a kind a file), `pages` (from sections to HTML) and `report` (the
call). `page` holds what the browser gets. What is drawn is in `sparsey_trace.charts`. Not `report`, which is a
function of the package: see docs/decisions/0001-shape.md.
"""
