"""clipmill's preview: a source in, a small clip that any phone plays out, and a poster."""
