"""The tables of a run's page, one a file, and how any length of them is written."""
