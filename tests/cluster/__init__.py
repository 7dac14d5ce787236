"""A real Kubernetes API server, and the chart installed on it."""
