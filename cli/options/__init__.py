"""What can be asked of several verbs on the command line: the options, and what they stand for.

Typer reads their annotations when it runs, so they are not deferred. What a completion needs is imported
when a shell asks for it, so that `--help` stays fast. An option of one verb alone stands with that verb.
"""
