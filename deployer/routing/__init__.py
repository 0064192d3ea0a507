"""A router in front of endpoints: checking them, running it, rolling versions out behind it."""
