"""A service with jobs that does nothing else: what tests of workers have done."""
