"""The node that ingests each silo's files, by reference."""
