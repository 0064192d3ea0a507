"""Train a model, publish it to several clouds as one version, and prove that they agree."""
