"""What is wrong with a trace, and what can be saved of one."""
