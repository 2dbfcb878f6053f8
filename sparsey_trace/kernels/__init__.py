"""The inner loops, compiled: each takes and gives arrays, and lets other threads run meanwhile."""
