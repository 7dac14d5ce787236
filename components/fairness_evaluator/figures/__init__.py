"""Figures of slices with their intervals, and TFMA's result."""
