"""From a file of the user to records: read, recognise, split, freeze."""
