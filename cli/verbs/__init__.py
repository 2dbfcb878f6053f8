"""What the command can do: one verb, one file.

A file has a function of the verb's name, and `EXAMPLES` for its help; `sparsey_trace.cli.app` lists them.
Annotations of the verbs are not deferred, because typer reads them when it runs; what a verb needs is imported
when it is called, so that `--help` answers at once.
"""
