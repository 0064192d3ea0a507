"""Who is answered: API keys and bearer tokens."""
