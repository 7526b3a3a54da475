"""Names written in one cell. Nothing is lost: a middle name stays with the first, a suffix with the last."""

from __future__ import annotations

import re
import unicodedata

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "v"})
# Letters that Unicode does not take apart into a plain letter and an accent.
_PLAIN_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th"})
_MARKS = frozenset(" \u00a0.,'’‘`´·-‐‑–")
# Words that begin a family name when they stand before its last word: "Maria de la Cruz".
_PARTICLES = frozenset(
    {
        "da",
        "das",
        "de",
        "del",
        "della",
        "den",
        "der",
        "di",
        "dos",
        "du",
        "la",
        "le",
        "st",
        "ter",
        "van",
        "von",
    }
)


def split_name(text: str, *, last_first: bool = False) -> tuple[str, str] | None:
    """Last and first name of "Smith Jr., John A.", "Smith, John A., Jr." or "John A. Smith Jr.".

    With last_first, "Smith John" is in that order too, as the column's header says. None when the
    order cannot be told or one of the two is missing.
    """
    parts = [part for part in (" ".join(part.split()) for part in text.split(",")) if part]
    suffixes = [part for part in parts[1:] if is_suffix(part)]
    parts = [part for part in parts if part not in suffixes]
    if len(parts) == 2:
        return " ".join([parts[0], *suffixes]), parts[1]
    if len(parts) != 1:
        return None
    words = parts[0].split()
    if last_first:
        return (words[0], words[1]) if len(words) == 2 and not suffixes else None
    return _first_name_first(words + suffixes)


def _first_name_first(words: list[str]) -> tuple[str, str] | None:
    start = len(words) - 1
    while start > 0 and is_suffix(words[start]):
        start -= 1
    while start > 1 and _plain(words[start - 1]) in _PARTICLES:
        start -= 1
    return (" ".join(words[start:]), " ".join(words[:start])) if start > 0 else None


def is_suffix(word: str) -> bool:
    return _plain(word) in _SUFFIXES


def stray_character(name: str) -> str:
    """The first character that no name has; empty if there is none. Letters are those of any script."""
    strays = (char for char in name if char not in _MARKS and unicodedata.category(char)[0] not in "LM")
    return next(strays, "")


def same_last_name(one: str, other: str) -> bool:
    """Whether two last names are equal but for case, accents, punctuation, spaces and suffix."""
    return _key(one).replace(" ", "") == _key(other).replace(" ", "")


def same_person_name(last: str, first: str, other_last: str, other_first: str) -> bool:
    """Whether two names are equal but for case, accents, punctuation, suffix and middle names."""
    return same_last_name(last, other_last) and _key(first).split()[:1] == _key(other_first).split()[:1]


def _key(name: str) -> str:
    words = [_plain(word) for word in name.replace("-", " ").split()]
    return " ".join(word for word in words if word and word not in _SUFFIXES)


def _plain(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.casefold().translate(_PLAIN_LETTERS))
    return re.sub(r"[\W_]", "", "".join(char for char in decomposed if not unicodedata.combining(char)))
