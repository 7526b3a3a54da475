"""Header names: what offices call the columns of a roster."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum


class Field(StrEnum):
    """What a roster can say about a request."""

    BADGE_NUMBER = "badge_number"
    LAST_NAME = "last_name"
    FIRST_NAME = "first_name"
    NAME = "name"
    EMAIL = "email"
    KIND = "kind"
    PRIORITY = "priority"
    JUSTIFICATION = "justification"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Field.BADGE_NUMBER: "Badge number",
    Field.LAST_NAME: "Last name",
    Field.FIRST_NAME: "First name",
    Field.NAME: "Name (whole, in one column)",
    Field.EMAIL: "E-mail",
    Field.KIND: "Kind of request",
    Field.PRIORITY: "Priority",
    Field.JUSTIFICATION: "Justification",
}

# Normalised names, the surest first.
_SYNONYMS = {
    Field.BADGE_NUMBER: "badge number, badge, badge id, badge and credential number, shield number, shield, shield id,"
    " star number, credential number, credential, credential id, agent number, agent id,"
    " employee number, employee id, employee identification number, personnel number",
    Field.LAST_NAME: "last name, lastname, last, surname, sur name, family name, family names, lname, l name, last nm,"
    " name last, last name suffix",
    Field.FIRST_NAME: "first name, firstname, first, given name, given names, given, forename, fname, f name, first nm,"
    " name first, first name mi, first mi, first middle, first middle name, first name middle name,"
    " first name middle initial, first and middle name",
    Field.NAME: "full name, agent name, name last first, last name first name, last first, last name first,"
    " last first mi, last first middle, last name first name mi, last name first name middle initial,"
    " name last first mi, name last first middle, first last, first name last name,"
    " name first last, complete name, special agent name, special agent, employee name, officer name, name, names,"
    " agent, employee",
    Field.EMAIL: "email, email address, work email, work email address, official email,"
    " official email address, government email, contact email, smtp address, smtp,"
    " email id, agency email, dhs email, mail, mail address, work mail",
    Field.KIND: "kind of request, type of request, request type, request kind, kind, action requested,"
    " designation type, type of action, action type, new or renewal, new renewal, initial or renewal, initial renewal,"
    " type, action, request",
    Field.PRIORITY: "priority, priority level, request priority, prio, pri, expedite, expedited,"
    " expedited request, expedited processing, expedite requested, urgency, urgent, rush",
    Field.JUSTIFICATION: "justification, justification for request, request justification,"
    " reason for request, reason for designation, reason for cross designation, statement of need, operational need,"
    " need, operational justification, mission need, basis for request, rationale, purpose, reason, reasons, basis",
}
_RANKED = {name: (field, rank) for field, names in _SYNONYMS.items() for rank, name in enumerate(names.split(", "))}

# Columns that rosters often carry and that filing does not need; no one is asked about them.
_NOT_NEEDED_NAMES = (
    "number, row, row number, line, line number, item, item number, office, field office, home office, group,"
    " division, city, state, location, duty station, title, job title, position, grade, series,"
    " supervisor, status, date, hire date, date of hire, eod, eod date, phone, phone number, cell phone,"
    " cell, work phone, mobile, address, mailing address, mi, middle, middle name, middle initial,"
    " suffix, notes, comments, remarks"
)
_NOT_NEEDED = frozenset(_NOT_NEEDED_NAMES.split(", "))

_ROLE_WORDS = frozenset({"agent", "agents", "employee", "officer", "special", "supervisory", "sa", "ssa", "hsi"})
_NOISE_WORDS = frozenset({"required", "optional", "mandatory", "please", "s"})
_WHOLE_WORDS = {"no": "number", "num": "number", "nbr": "number", "nr": "number", "addr": "address"}
_YES_OR_NO = re.compile(r"\b(y ?/ ?n|yes ?/ ?no|yes or no)\b")


def normalise(header: str) -> str:
    """A header name without accidents of writing: "Badge #" and "BADGE NO. (required)" are "badge number"."""
    text = unicodedata.normalize("NFKC", header).casefold().replace("#", " number ")
    text = _YES_OR_NO.sub(" ", re.sub(r"\be[\s-]?mail\b", "email", text))
    words = [_WHOLE_WORDS.get(word, word) for word in re.findall(r"[^\W_]+", text)]
    return " ".join(word for word in words if word not in _NOISE_WORDS)


def recognise(header: str) -> tuple[Field, int] | None:
    """The field that a header name stands for and how sure that is (0 is surest); None if it is not known."""
    name = normalise(header)
    return _RANKED.get(name) or _RANKED.get(_without_role(name))


def recognised_fields(headers: Sequence[str]) -> set[Field]:
    """The different fields that a row would name if it were the header."""
    return {found[0] for found in map(recognise, headers) if found}


def is_not_needed(header: str) -> bool:
    """Whether a column of this name is known to be of no use for filing."""
    name = normalise(header)
    return name in _NOT_NEEDED or _without_role(name) in _NOT_NEEDED


def _without_role(name: str) -> str:
    return " ".join(word for word in name.split() if word not in _ROLE_WORDS)
