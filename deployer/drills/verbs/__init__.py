"""What a scenario's steps can do: each verb is a struct that YAML becomes, and knows how to act."""
