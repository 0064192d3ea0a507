"""The RSGI application: routes, keys, limits, access log."""
