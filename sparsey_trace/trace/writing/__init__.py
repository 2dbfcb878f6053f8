"""From the arrays of steps to the file."""
