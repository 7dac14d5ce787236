"""Makes a new use case out of a folder of data."""
