"""What tells one kind of file from another: its words, its columns, and how much of it is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any, Generic

from designation.sheets.files import MAX_COLUMNS, UnusableFile
from designation.sheets.headers import F, Vocabulary


@dataclass(frozen=True)
class FileKind(Generic[F]):
    """A kind of file: `noun` names it, `held` is what its sheet holds, `items` what its rows are, of which it
    holds `max_items` at most.

    `max_rows` counts the rows of all sheets: titles, headers and other lists come on top of the items. `missing` gives
    the labels of the columns that a mapping lacks. `badge` and `email` are the fields by which a person is told;
    `also_cells` those whose header names may stand in a cell below too. `spares` are fields that others make needless,
    where they are all found.
    """

    noun: str
    held: str
    items: str
    max_bytes: int
    max_items: int
    max_rows: int
    vocabulary: Vocabulary[F]
    missing: Callable[[Mapping[F, int]], list[str]]
    badge: F
    email: F
    also_cells: frozenset[F]
    spares: tuple[tuple[F, frozenset[F]], ...] = ()

    def spare(self, found: Set[F]) -> list[F]:
        """The fields that others say better, where those are found."""
        return [field for field, others in self.spares if field in found and others <= found]

    @property
    def too_large(self) -> str:
        return f"The file is larger than {self.max_bytes // 1024**2} MB. Split it into smaller files."


def too_many_rows(kind: FileKind[Any]) -> UnusableFile:
    return UnusableFile(
        f"The file has more than {kind.max_rows:,} filled rows; a {kind.noun} holds {kind.max_items:,} {kind.items} at"
        " most. Split it into smaller files."
    )


def too_many_columns(row: int, kind: FileKind[Any]) -> UnusableFile:
    return UnusableFile(
        f"Row {row} has more than {MAX_COLUMNS} columns. Copy the {kind.noun} into a new workbook and send that."
    )
