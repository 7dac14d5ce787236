"""The earlier blessed model, as the gates' sentences speak of it.

It need not be the model in service: a span that is run again is compared with the
model of the span before it, as the first time.
"""

from __future__ import annotations

import dataclasses

from components.fairness_evaluator.gates.finding import CannotJudge

NAME = "the earlier blessed model"
SHORT = 12  # characters of a digest


@dataclasses.dataclass(frozen=True)
class Earlier:
    """The earlier blessed model.

    Attributes:
        span: Its span; empty where there are none.
        digest: Its digest.
        uri: Its folder.
        is_gone: Whether that folder is not there, so that nothing was compared.
    """

    span: str = ""
    digest: str = ""
    uri: str = ""
    is_gone: bool = False

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        return f"the model of {self.span}" if self.span else NAME

    def check(self) -> None:
        """Check that it could be compared with.

        Raises:
            CannotJudge: Its folder is gone.
        """
        if self.is_gone:
            raise CannotJudge(
                f"the folder of {self.name} (digest {self.digest[:SHORT]}) is gone, "
                f"looked for at {self.uri}, so nothing could be compared with it",
                "put that folder back, from a backup or from where it was moved to, "
                "and run again: the next evaluation compares with it",
            )
