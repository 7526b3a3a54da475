"""What offices call the columns of a roster, and how large one may be."""

from __future__ import annotations

from collections.abc import Mapping

from designation.sheets.headers import Field as SheetField
from designation.sheets.headers import Vocabulary
from designation.sheets.kinds import FileKind

MAX_BYTES = 10 * 1024 * 1024
MAX_AGENTS = 20_000
MAX_ROWS = 25_000


class Field(SheetField):
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

# Columns that rosters often carry and that filing does not need; no one is asked about them.
_NOT_NEEDED_NAMES = (
    "number, row, row number, line, line number, item, item number, office, field office, home office, group,"
    " division, city, state, location, duty station, title, job title, position, grade, series,"
    " supervisor, status, date, hire date, date of hire, eod, eod date, phone, phone number, cell phone,"
    " cell, work phone, mobile, address, mailing address, mi, middle, middle name, middle initial,"
    " suffix, notes, comments, remarks"
)
_ROLE_WORDS = "agent agents employee officer special supervisory sa ssa hsi"


def missing_fields(mapping: Mapping[Field, int]) -> list[str]:
    """The labels of the columns that a roster must have and the mapping lacks."""
    missing = [] if Field.BADGE_NUMBER in mapping else [Field.BADGE_NUMBER.label]
    if Field.NAME not in mapping:
        missing += [field.label for field in (Field.LAST_NAME, Field.FIRST_NAME) if field not in mapping]
    return missing


ROSTER = FileKind(
    noun="roster",
    held="the roster",
    items="agents",
    max_bytes=MAX_BYTES,
    max_items=MAX_AGENTS,
    max_rows=MAX_ROWS,
    vocabulary=Vocabulary(_SYNONYMS, _NOT_NEEDED_NAMES, _ROLE_WORDS),
    missing=missing_fields,
    badge=Field.BADGE_NUMBER,
    email=Field.EMAIL,
    also_cells=frozenset({Field.PRIORITY}),  # "Expedited" is a header name and what stands below one
    spares=((Field.NAME, frozenset({Field.LAST_NAME, Field.FIRST_NAME})),),
)
