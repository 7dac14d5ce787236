"""The node that agrees on features from disclosed statistics only."""
