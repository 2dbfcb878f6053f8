"""Many runs: what is there, their tables as one data set, and what is known of each."""
