"""Measurements of whole processes against a real broker. Nothing here is a test: times are told, never judged."""
