"""The download service: a link or a file in, sources in the store."""
