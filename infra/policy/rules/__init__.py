"""The policies, a module for each kind of resource, each with its `RULES`."""
