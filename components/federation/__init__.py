"""Federated training with TFF over one worker process a silo."""
