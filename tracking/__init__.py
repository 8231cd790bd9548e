"""The tracking service: searches models, keeps what it found in MLflow, and sets the best in ml_model."""
