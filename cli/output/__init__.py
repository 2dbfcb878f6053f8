"""What leaves the command: texts, tables and exit codes."""
