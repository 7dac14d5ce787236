"""Fixtures of tests in more than one folder.

A fixture of the session stands here alone: imported in two places it would be made
twice, and Playwright runs but once in a process.
"""

from tests.support.browser import browser
from tests.support.mariadb import mariadb, store_url

__all__ = ["browser", "mariadb", "store_url"]
