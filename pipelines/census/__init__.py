"""Incomes in the US census survey of 1994 and 1995: 51 industries as silos."""
