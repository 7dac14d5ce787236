"""The chain, its settings, the use cases, and the ways to run it."""
