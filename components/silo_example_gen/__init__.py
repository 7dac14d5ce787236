"""The node that takes in each silo's files, by reference."""
