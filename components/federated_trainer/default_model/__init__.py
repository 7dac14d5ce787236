"""The model of use cases that bring none of their own."""
