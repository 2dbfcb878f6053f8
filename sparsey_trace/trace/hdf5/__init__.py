"""HDF5's own structures, under its specification's names; nothing here knows what a trace is."""
