"""The REST face of monitoring."""
