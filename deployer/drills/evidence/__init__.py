"""The raw records of a drill: written while it runs, never changed afterwards."""
