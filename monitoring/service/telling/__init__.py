"""Tells people, by webhooks, what monitoring has found and done."""
