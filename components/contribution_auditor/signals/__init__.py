"""Signals of substance, meaning and echo: measures, hard signs and notes."""
