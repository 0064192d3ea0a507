"""Taking a version back."""
