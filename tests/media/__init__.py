"""Videos and a web server for the tests: ffmpeg makes the ones, localhost serves them."""
