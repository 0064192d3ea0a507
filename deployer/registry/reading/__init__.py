"""From a reference to verified files, believing as little as possible."""
