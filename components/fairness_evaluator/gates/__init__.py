"""The gates: plain code over the tidy table, one a file, each with its sentence."""
