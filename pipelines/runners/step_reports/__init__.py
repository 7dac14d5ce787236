"""What the steps of a run say of themselves in Kubeflow's UI, a module a step."""
