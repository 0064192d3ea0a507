"""What a drill is: a YAML file, its model and its schema."""
