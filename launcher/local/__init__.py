"""The stack as processes of this machine, PostgreSQL included: nothing but Python is needed."""
