"""Long work: asked for by requests, kept in PostgreSQL, done by workers (see fleet.jobs for the words)."""
