"""Names that move from version to version, and the history of their moves."""
