"""Pure functions from a list of endpoints to the configuration of Envoy, HAProxy and DNS."""
