"""Programs turned into endpoints on clouds, by the real engine."""
