"""Header names: what people call the columns of a file, and what they mean by it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Generic, TypeVar


class Field(StrEnum):
    """What a file can say; each kind of file has fields of its own."""

    @property
    def label(self) -> str:
        raise NotImplementedError


F = TypeVar("F", bound=Field)

_NOISE_WORDS = frozenset({"required", "optional", "mandatory", "please", "s"})
_WHOLE_WORDS = {"no": "number", "num": "number", "nbr": "number", "nr": "number", "addr": "address"}
_YES_OR_NO = re.compile(r"\b(y ?/ ?n|yes ?/ ?no|yes or no)\b")


def normalise(header: str) -> str:
    """A header name without accidents of writing: "Badge #" and "BADGE NO. (required)" are "badge number"."""
    text = unicodedata.normalize("NFKC", header).casefold().replace("#", " number ")
    text = _YES_OR_NO.sub(" ", re.sub(r"\be[\s-]?mail\b", "email", text))
    words = [_WHOLE_WORDS.get(word, word) for word in re.findall(r"[^\W_]+", text)]
    return " ".join(word for word in words if word not in _NOISE_WORDS)


class Vocabulary(Generic[F]):
    """The header names that a kind of file knows.

    `synonyms` gives for each field its normalised names, with commas between them, the surest first. `not_needed` are
    names of columns that such files often carry and nobody is asked about. `role_words` say nothing in a name.
    """

    def __init__(self, synonyms: Mapping[F, str], not_needed: str, role_words: str) -> None:
        self.fields = {field.value: field for field in synonyms}
        self._ranked = {
            name: (field, rank) for field, names in synonyms.items() for rank, name in enumerate(names.split(", "))
        }
        self._not_needed = frozenset(not_needed.split(", "))
        self._role_words = frozenset(role_words.split())

    def recognise(self, header: str) -> tuple[F, int] | None:
        """The field that a header name stands for and how sure that is (0 is surest); None if it is not known."""
        name = normalise(header)
        return self._ranked.get(name) or self._ranked.get(self._without_role(name))

    def recognised_fields(self, headers: Sequence[str]) -> set[F]:
        """The different fields that a row would name if it were the header."""
        return {found[0] for found in map(self.recognise, headers) if found}

    def is_not_needed(self, header: str) -> bool:
        """Whether a column of this name is known to be of no use."""
        name = normalise(header)
        return name in self._not_needed or self._without_role(name) in self._not_needed

    def _without_role(self, name: str) -> str:
        return " ".join(word for word in name.split() if word not in self._role_words)
