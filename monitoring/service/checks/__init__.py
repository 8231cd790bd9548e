"""The checks, one subject a module. Each takes a comparison and gives verdicts."""
