"""A training's rounds as TensorBoard scalars."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Callable, Iterator

import tensorflow as tf

from components.payloads.model_run import RoundRecord


@contextlib.contextmanager
def writer(folder: str | pathlib.Path) -> Iterator[Callable[[RoundRecord], None]]:
    """Yield a function that logs a round.

    Scalars: `loss/before`, `loss/after`, `silos/alive`, and for each silo
    `silo/<id>/loss_before`, `.../update_norm` and `.../cosine`.
    """
    log = tf.summary.create_file_writer(str(folder))

    def write(record: RoundRecord) -> None:
        with log.as_default(step=record.round):
            tf.summary.scalar("loss/before", record.loss_before)
            tf.summary.scalar("loss/after", record.loss_after)
            tf.summary.scalar("silos/alive", len(record.silos))
            for silo in record.silos:
                tf.summary.scalar(f"silo/{silo.silo}/loss_before", silo.loss_before)
                tf.summary.scalar(f"silo/{silo.silo}/update_norm", silo.update_norm)
                tf.summary.scalar(f"silo/{silo.silo}/cosine", silo.cosine)
        log.flush()

    try:
        yield write
    finally:
        log.close()
