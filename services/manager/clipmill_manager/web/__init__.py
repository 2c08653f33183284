"""The page: the fleet in a browser, read-only, behind a login."""
