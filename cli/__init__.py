"""The command line: `sparsey-trace`. Installed as `sparsey_trace.cli`."""
