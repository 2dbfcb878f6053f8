"""The analysis of one trace as a job array: processes that know nothing of each other, and a place that all see."""
