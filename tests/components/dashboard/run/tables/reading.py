"""Reads tables as tests compare them."""

from components.dashboard.run.tables.long_tables import LongTable


def texts(made: LongTable) -> list[list[str]]:
    """Return what stands in each row's cells."""
    return [[cell.text for cell in row.cells] for row in made.rows]
