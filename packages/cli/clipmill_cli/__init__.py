"""The clipmill command: one module a command, and the nouns that they share."""
