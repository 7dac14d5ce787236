"""FederatedTrainer: trains one model over the cohort's silos."""
