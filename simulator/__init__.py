"""Loads the training, testing and fouled production sets of a use case into PostgreSQL."""
