"""The words that offices write for the kind of a request and for its priority."""

from __future__ import annotations

import re

_KINDS = {
    "initial": "initial, new, first, first time, original",
    "renewal": "renewal, renew, renewed, redesignation, re designation, recertification, extension",
    "transfer": "transfer, transferred, transfer in, relocation, reassignment, change of office, new office",
}
_PRIORITIES = {
    "routine": "routine, normal, standard, regular, no, n, false, none, n a, not expedited",
    "expedited": "expedited, expedite, yes, y, true, x, urgent, rush",
}
_FILLERS = re.compile(r"\b(request|application|designation|cross designation)\b")


def _index(table: dict[str, str]) -> dict[str, str]:
    return {word: meaning for meaning, words in table.items() for word in words.split(", ")}


_KIND_OF = _index(_KINDS)
_PRIORITY_OF = _index(_PRIORITIES)


def kind_of(text: str) -> str | None:
    """The kind of request that a word stands for, or None if it is not known."""
    plain = _plain(text)
    return _KIND_OF.get(plain) or _KIND_OF.get(" ".join(_FILLERS.sub(" ", plain).split()))


def priority_of(text: str) -> str | None:
    """The priority that a word, or an answer to "Expedite?", stands for, or None if it is not known."""
    return _PRIORITY_OF.get(_plain(text))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))
