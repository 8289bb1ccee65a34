"""The nouns of postgrad: frozen, without input or output, and without any heavy import."""
