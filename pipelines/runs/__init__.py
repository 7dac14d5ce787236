"""The runs of a use case: their store, and the site of them all."""
