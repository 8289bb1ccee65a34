"""What can be wrong with data: one rule a file."""
