"""Flights that left New York in 2013: sixteen airlines as silos."""
