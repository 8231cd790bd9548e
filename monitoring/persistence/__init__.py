"""What monitoring keeps, and what it asks PostgreSQL and its siblings."""
