"""Personal data in a text: what is found, by whom, and the placeholders that stand for it."""
