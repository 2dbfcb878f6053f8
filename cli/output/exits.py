"""The only exit codes, by one rule: whose fault it is.

0: all is done. 1: the trace or the data are at fault: a file that isn't there, can't be read, is no trace or is
damaged, and whatever nobody foresaw. 2: the command line is at fault: what it asks for doesn't exist, needs a package
that isn't installed, or goes to a place where it can't be put. 130: stopped by Ctrl-C.
"""

DONE, DATA_AT_FAULT, COMMAND_AT_FAULT, INTERRUPTED = 0, 1, 2, 130
RULE_BROKEN = DATA_AT_FAULT
