"""The trace: one HDF5 file that holds a run, sound at every moment."""
