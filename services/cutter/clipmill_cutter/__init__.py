"""clipmill's cutter: a source in, parts short enough to send out."""
