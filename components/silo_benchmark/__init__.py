"""SiloBenchmark: what each silo gains, and which model serves it."""
