"""The settings of Dashboard."""

from __future__ import annotations

import pydantic

from components.settings import Section


class DashboardSettings(Section):
    """What the page shows of a run that is too large to show whole."""

    slices_in_view: int = pydantic.Field(default=50, ge=1, le=200)
    """Most slices of one family (silo, or a group column) in TFMA's views, the
    surely worst first, unit: slices. The fairness view itself preselects overall
    and the first eight of them; the rest are a click away. Each adds about 6 kB to
    the page."""

    groups_inside_silos: int = pydantic.Field(default=6000, ge=1, le=20_000)
    """Most groups inside silos that the page holds, the surely worst first, unit:
    groups. Each adds about 600 bytes; all of them are in the evaluation's table."""
