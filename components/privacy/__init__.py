"""Differential privacy: what a training costs, and the budget that it is paid from."""
