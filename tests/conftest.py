"""Fixtures of tests in more than one folder."""

from tests.support.mariadb import mariadb, store_url

__all__ = ["mariadb", "store_url"]
