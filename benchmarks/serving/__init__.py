"""How fast models are served, beside MLServer, BentoML and MLflow."""
