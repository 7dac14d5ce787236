"""Ways to run the chain."""
