"""A trace as xarray sees it. Needs xarray."""
