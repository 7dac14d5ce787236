"""Kubeflow Pipelines as a client sees it: settings, upload, runs, schedules."""
