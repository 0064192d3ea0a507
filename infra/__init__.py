"""Infrastructure as programs: what an endpoint is, on every cloud."""
