"""Federated learning algorithms, one a file, found by name in `registry.py`."""
