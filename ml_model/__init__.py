"""Holds the deployments of models: sets, trains, scores and remembers them."""
