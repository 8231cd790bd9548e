"""Watches a deployed model: compares production with testing and says what is wrong."""
