"""Exports of the ledger: what they hold (`query`), how they are read (`snapshot`), written (`writers`) and made
(`making`), and those that are ordered (`orders`) or come by schedule (`schedules`).
"""

from audit.exports.formats import FORMATS, CannotWrite
from audit.exports.known import refuse_unknown
from audit.exports.making import begin, make_file, stream
from audit.exports.query import (
    CASE_TIMES,
    EVENT_LOG,
    PROCESSING_TIMES,
    QUESTIONS,
    Export,
    UnknownWorkflow,
    dimensions,
    event_log,
    exported_model,
    exported_models,
    processing_times,
)
from audit.exports.snapshot import CHUNK, Progress, row_count
from audit.filters import ALL, COHORTS, DECIDED, FILED, OPEN, Filters

__all__ = [
    "ALL",
    "CASE_TIMES",
    "CHUNK",
    "COHORTS",
    "DECIDED",
    "EVENT_LOG",
    "FILED",
    "FORMATS",
    "OPEN",
    "PROCESSING_TIMES",
    "QUESTIONS",
    "CannotWrite",
    "Export",
    "Filters",
    "Progress",
    "UnknownWorkflow",
    "begin",
    "dimensions",
    "event_log",
    "exported_model",
    "exported_models",
    "make_file",
    "processing_times",
    "refuse_unknown",
    "row_count",
    "stream",
]
