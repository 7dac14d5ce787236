"""Puts a blessed model into service, unless a newer one is there."""
