"""What monitoring holds."""
