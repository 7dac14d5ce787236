"""The page of a run, for its reviewer: decision, figures, charts, tables."""
