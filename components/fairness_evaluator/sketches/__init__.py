"""What silos disclose of their scored rows: counts by score bin and slice, merged."""
