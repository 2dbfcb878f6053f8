"""The way of a step from the training thread to the disk."""
