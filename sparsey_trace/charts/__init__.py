"""Charts of a run: for reports, for papers and for notebooks. A chart is one file, as a metric is.

A chart's file says what the chart shows as arrays, which a test can count; its words; how matplotlib draws it
(`sparsey-trace plot`, `result.plot`), and how plotly does (`report`). Both are imported when something is drawn.
`catalogue` lists the charts in their order, `base` says what each one has. What several charts share is in
`shared` (arrays and words), `axes` (matplotlib) and `panels` (plotly). Nothing here knows the engine of replay,
the report or the command line.
"""
