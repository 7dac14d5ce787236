"""What a silo is called in Kubernetes and in Azure.

A silo's id is a folder's name in any script; a namespace's name is an RFC 1123 label,
and a blob container's has no two hyphens in a row. The slug is both, and readable.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

PREFIX = "fairsilo-silo-"
SERVICE_ACCOUNT = "silo-worker"
WORKER = "worker"
PORT = 8000
MAX_SLUG = 40  # with the prefix it fits in 63; Azure's names have prefixes of their own
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DIGEST_LENGTH = 8


def is_slug(text: str) -> bool:
    """Return whether a text can be a silo's slug."""
    return len(text) <= MAX_SLUG and _SLUG.fullmatch(text) is not None


def slug_of(silo: str) -> str:
    """Return the slug of a silo's id.

    The id itself in small letters where that is possible; else what can be read of
    it, and a digest of the id, which tells apart what reads the same.
    """
    small = silo.lower()
    if silo.isascii() and is_slug(small):
        return small
    ascii_letters = unicodedata.normalize("NFKD", silo).encode("ascii", "ignore")
    readable = re.sub(r"[^a-z0-9]+", "-", ascii_letters.decode().lower())
    readable = readable[: MAX_SLUG - _DIGEST_LENGTH - 1].strip("-") or "silo"
    digest = hashlib.sha256(silo.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{readable}-{digest}"


def namespace(slug: str) -> str:
    """Return the name of a silo's namespace."""
    return PREFIX + slug


def address(slug: str) -> str:
    """Return where a silo's worker listens, as the coordinator calls it."""
    return f"{WORKER}.{namespace(slug)}.svc.cluster.local:{PORT}"
