"""A run in the forms of other programs, written by their own libraries."""
