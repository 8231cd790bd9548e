"""The web face that every service shows: app, validation, errors, health, server."""
