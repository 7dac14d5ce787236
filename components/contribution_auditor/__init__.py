"""The node that says who contributes, who rides free, and what can't be told."""
