"""The gates: a table of what is demanded, and the code that judges a model by it."""
