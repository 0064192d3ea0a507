"""Where a model may be kept."""
