"""The node that checks each silo and decides who trains."""
