"""What wiring comes to: which features can reach a MAC, and which of them do."""
