"""What silos tell of their scored rows: counts by score bin and slice, merged."""
