"""What folds are made with: sums that are exact, draws without bias, arrays larger than memory."""
