"""The columns that a list can show. Which it shows, and in which order, stands in its address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

PARAMETER = "columns"


@dataclass(frozen=True)
class ListColumn:
    """A column: its name in the address, its heading, the key of the order by it, where an index holds one, and whether
    its cells are numbers that stand below each other."""

    name: str
    label: str
    sort: str = ""
    numeric: bool = False

    @property
    def head(self) -> dict[str, Any]:
        """As components/table_head.html takes it."""
        return {"label": self.label, "key": self.sort, "numeric": self.numeric}


@dataclass(frozen=True)
class Chosen:
    """The columns that are shown, in their order, and the names in the address that no column has."""

    columns: Sequence[ListColumn]
    unknown: Sequence[str] = ()

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def heads(self) -> list[dict[str, Any]]:
        return [column.head for column in self.columns]


@dataclass(frozen=True)
class Catalogue:
    """All columns of a list. The first leads to the row's page and is its header: it is always shown."""

    columns: Sequence[ListColumn]

    @property
    def always(self) -> str:
        return self.columns[0].name

    def named(self, names: Iterable[str]) -> Chosen:
        """The columns of these names, each once, with the one that is always shown."""
        by_name = {column.name: column for column in self.columns}
        wanted = list(dict.fromkeys(name for name in names if name))
        if self.always not in wanted:
            wanted.insert(0, self.always)
        known = [by_name[name] for name in wanted if name in by_name]
        return Chosen(known, [name for name in wanted if name not in by_name])

    def read(self, text: str, default: Sequence[str]) -> Chosen:
        """What the address asks for, as “number,agent,due”; the default where it asks for nothing that there is."""
        names = text.split(",")
        known = {column.name for column in self.columns}.intersection(names)
        return self.named(names) if known else Chosen(self.named(default).columns, self.named(names).unknown)
