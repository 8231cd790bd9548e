"""Response times of the London Fire Brigade, from the published records to predictions."""
