"""The formats of exports. A writer is imported only where a file is written: some bring large libraries along."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from audit.exports.query import EVENT_LOG, PROCESSING_TIMES
from audit.exports.snapshot import Snapshot

About = Callable[[], dict[str, Any]]
"""What the manifest says but of the file itself, asked for once all rows are read."""
Writer = Callable[[Snapshot, IO[bytes], About], None]


SCRATCH_SUFFIX = ".scratch"


@contextmanager
def scratch_beside(file: Path) -> Iterator[Path]:
    """A folder for what is kept while the file is made, named after it: should it stay, that says whose it was."""
    folder = file.with_name(file.name + SCRATCH_SUFFIX)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class CannotWrite(Exception):
    """The format cannot hold the rows; the message says why and what to take instead."""


@dataclass(frozen=True)
class Format:
    """A kind of file. `of` are the questions that it can hold the answer to, the usual one first."""

    name: str
    label: str
    suffix: str
    content_type: str
    of: tuple[str, ...]

    def writer(self) -> Writer:
        """Writes a snapshot's rows to a file that is open for reading and writing. May raise CannotWrite."""
        module = import_module(f"audit.exports.writers.{self.name}")
        write: Writer = module.write
        return write


FORMATS = {
    found.name: found
    for found in (
        Format("csv", "CSV", "csv", "text/csv; charset=utf-8", (PROCESSING_TIMES, EVENT_LOG)),
        Format(
            "xlsx",
            "Excel workbook (XLSX)",
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            (PROCESSING_TIMES, EVENT_LOG),
        ),
        Format("pdf", "Report to print (PDF)", "pdf", "application/pdf", (PROCESSING_TIMES,)),
        Format("parquet", "Parquet", "parquet", "application/vnd.apache.parquet", (PROCESSING_TIMES, EVENT_LOG)),
        Format("xes", "Event log (IEEE XES)", "xes", "application/xml", (EVENT_LOG,)),
        Format("ocel", "Event log (OCEL 2.0, JSON)", "jsonocel", "application/json", (EVENT_LOG,)),
    )
}
