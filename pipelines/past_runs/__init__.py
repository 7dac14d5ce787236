"""Runs that ended, with what they left: in folders here, or in a cluster's store."""
