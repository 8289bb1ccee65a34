"""People's names in texts: one file for each model."""
