"""The manager under a long history and a large fleet."""
