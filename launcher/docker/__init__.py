"""The stack in containers, through `docker compose`: nothing but Docker and Python is needed."""
