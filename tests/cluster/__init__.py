"""A real Kubernetes API server, and the manifests applied to it."""
