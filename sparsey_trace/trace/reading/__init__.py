"""From the file to arrays: lazily, in slices, also while it is being written."""
