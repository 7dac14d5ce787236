"""The page of one silo, for its owner: its own figures, findings and bounds."""
