"""Playing a scenario: set up, look, break, watch, mend, look again, and always roll back."""
