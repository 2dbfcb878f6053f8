"""From what layers put out to the arrays of a step, checked."""
