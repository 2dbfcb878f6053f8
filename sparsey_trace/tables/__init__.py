"""Tables: from values per sample to Parquet files, and what is said of them."""
