"""What charts share when matplotlib draws them; it is imported when the first one is drawn."""
