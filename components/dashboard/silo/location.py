"""Where the pages of a run's silos lie: beside the run's own page, a file a silo."""

from __future__ import annotations

import hashlib
import re
import unicodedata

FOLDER = "silos"
MAX_SLUG = 40


def file_name(silo: str) -> str:
    """Return the name of a silo's page, for any id and any file system.

    Readable where the id is plain; the digest keeps ids apart that a file system or
    an address would take for one.
    """
    plain = unicodedata.normalize("NFKD", silo).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:MAX_SLUG].strip("-")
    digest = hashlib.sha256(silo.encode()).hexdigest()[:16]
    return f"{slug or 'silo'}-{digest}.html"
