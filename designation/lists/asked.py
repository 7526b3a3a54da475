"""The lists that people filter, sort and choose columns of: what stands in the address, and what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError

from designation.lists.columns import PARAMETER, Chosen
from designation.lists.kinds import ListKind
from designation.models import User

SORT, VIEW = "sort", "view"
EVERYTHING = "all"  # the value of VIEW that asks for the list as it is without a view
LONGEST_VALUE = 500


@dataclass
class ListOf:
    """One of the lists, as a user has it, with what stands in its address."""

    kind: ListKind
    user: User
    address: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def default_columns(self) -> Sequence[str]:
        return self.kind.default_columns(self.user)

    @cached_property
    def form(self) -> Any:
        """The filters, as the address has them."""
        return self.kind.form(self.address, user=self.user)

    @cached_property
    def shown(self) -> Chosen:
        """The columns, as the address asks for them."""
        return self._columns_in(self.address)

    @cached_property
    def asked(self) -> dict[str, str]:
        """What a view keeps of the address: filters, order and columns, but for what is so without being asked for."""
        names = [*self.form.fields, SORT, PARAMETER]
        asked = {name: self.address.get(name, "").strip()[:LONGEST_VALUE].replace("\0", "") for name in names}
        usual = {SORT: self.kind.default_sort, PARAMETER: ",".join(self.default_columns)}
        return {name: value for name, value in asked.items() if value and value != usual.get(name)}

    def in_words(self, asked: Mapping[str, str]) -> list[dict[str, str]]:
        """What a view asks for, as components/summary_list.html takes it; without what filters nothing."""
        fields, unread = self.form.fields, self._unread(asked)
        rows = [
            {"label": str(fields[name].label), "value": _choices(fields[name]).get(asked[name], asked[name])}
            for name in fields
            if asked.get(name) and name not in unread
        ]
        if sort := asked.get(SORT):
            rows.append({"label": "Sorted by", "value": self._sort_in_words(sort)})
        labels = ", ".join(column.label for column in self._columns_in(asked).columns)
        return [*rows, {"label": "Columns", "value": labels}]

    def no_longer(self, asked: Mapping[str, str]) -> list[str]:
        """What is asked for that the list does not have or cannot read, each as “State: escalated”."""
        fields = self.form.fields
        filters = [f"{fields[name].label}: {asked[name]}" for name in self._unread(asked)]
        # The address of somebody with more roles may ask by what this user cannot.
        filters += [
            f"{field.label}: {asked[name]}"
            for name, field in self.form.base_fields.items()
            if name not in fields and asked.get(name) and not self._is_own_office(name, asked[name])
        ]
        columns = [f"Column: {name}" for name in self._columns_in(asked).unknown]
        sort = asked.get(SORT, "")
        is_known = not sort or sort.removeprefix("-") in self._sorts
        return [*filters, *columns, *([] if is_known else [f"Order: {sort}"])]

    def _unread(self, asked: Mapping[str, str]) -> list[str]:
        """The names of the filters that are asked for and filter nothing: no choice, or what cannot be read."""
        return [
            name
            for name, field in self.form.fields.items()
            if asked.get(name) and (not _reads(field, asked[name]) or self._is_refused(name, asked[name]))
        ]

    def _is_refused(self, name: str, value: str) -> bool:
        """Whether it stands in the address, and does not go with what else stands there."""
        return value == self.address.get(name, "").strip() and name in self.form.errors

    def _is_own_office(self, name: str, value: str) -> bool:
        return name == "office" and self.user.office is not None and self.user.office.code == value

    def _columns_in(self, asked: Mapping[str, str]) -> Chosen:
        return self.kind.catalogue.read(asked.get(PARAMETER, ""), self.default_columns)

    @property
    def _sorts(self) -> dict[str, str]:
        return {column.sort: column.label for column in self.kind.catalogue.columns if column.sort}

    def _sort_in_words(self, sort: str) -> str:
        label = self._sorts.get(sort.removeprefix("-"), sort)
        return f"{label}, descending" if sort.startswith("-") else label


def _reads(field: Any, value: str) -> bool:
    try:
        field.clean(value)
    except ValidationError:
        return False
    return True


def _choices(field: Any) -> dict[str, str]:
    """The labels of a field's values; none of one that takes any text."""
    return {str(value): str(label) for value, label in getattr(field, "choices", [])}
