"""The settings of Dashboard."""

from __future__ import annotations

import pydantic

from components.settings import Section


class DashboardSettings(Section):
    """What the page shows of a run that is too large to show whole."""

    slices_in_view: int = pydantic.Field(default=50, ge=1, le=200)
    """Most slices of one family (silo, or a group column) in TFMA's fairness view,
    worst first, unit: slices. The view itself preselects overall and the first
    eight of them; the rest are a click away. Each adds about 4 kB to the page."""

    slice_rows: int = pydantic.Field(default=200, ge=1, le=2000)
    """Most rows in each of the slice tables, worst first, unit: rows."""

    training_panels: int = pydantic.Field(default=24, ge=1, le=200)
    """Most silos whose training curve is drawn, highest last loss first, unit:
    silos. The tables below the curves hold all of them."""
