"""What monitoring asks PostgreSQL and ml_model."""
