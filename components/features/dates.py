"""What counts as a date in text: days and months of training never come again.

A category for each of them would teach a model nothing about the days that it scores.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

HINT = (
    "export what matters of them as columns of their own, such as year, month, "
    "weekday, hour or age in days"
)
_Y, _M, _D = "[0-9]{4}", "(0?[1-9]|1[0-2])", "(0?[1-9]|[12][0-9]|3[01])"
_NAME = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_FORMS = (
    f"{_Y}[./-]{_M}[./-]{_D}",  # 2024-12-31
    f"({_D}[./-]{_M}|{_M}[./-]{_D})[./-]({_Y}|[0-9]{{2}})",  # 31.12.2024, 12/31/24
    "(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])",  # 20241231
    "(19|20)[0-9]{2}[/-](0[1-9]|1[0-2])",  # 2024-12
    f"{_D}[ .-]*{_NAME}[ .,-]*({_Y}|[0-9]{{2}})",  # 31-Dec-2024, 31DEC24
    f"{_NAME} {_D},? {_Y}",  # Dec 31, 2024
)
_DATE = f"(?i)^({'|'.join(_FORMS)})([ T][0-9]{{1,2}}:?[0-9]{{2}}.*)?$"


def are_dates(values: pa.Array) -> bool:
    """Return whether half of some distinct texts or more are days, months or instants.

    The others may be `unknown`, `never` or 9999; without a text there are no dates.
    """
    texts = pc.utf8_trim_whitespace(values.drop_null())
    found = pc.sum(pc.match_substring_regex(texts, _DATE)).as_py() or 0
    return bool(found and 2 * found >= len(texts))
