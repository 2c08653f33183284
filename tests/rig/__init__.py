"""The machines the tests run on: brokers and whole Debian systems in containers, built from Debian's own packages."""
