"""What a program would make, seen without an account, an engine or a network."""
