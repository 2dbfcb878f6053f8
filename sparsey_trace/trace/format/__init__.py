"""The format of a trace: what stands in its file, and what its values have to be."""
