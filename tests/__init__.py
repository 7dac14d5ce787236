"""Tests, in the mirror of components/ and pipelines/."""
