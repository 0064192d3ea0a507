"""What is set up for a drill, and taken down after it: all of it on this machine."""
