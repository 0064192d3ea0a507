"""What is seen of a running server: metrics, traces, drift inputs."""
