"""How one document of a kind becomes text: a file a kind."""
