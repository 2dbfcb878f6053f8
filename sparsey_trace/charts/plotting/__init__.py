"""Charts drawn with matplotlib: in notebooks, on axes of the caller, as files for papers."""
