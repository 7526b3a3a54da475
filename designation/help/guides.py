"""The guides by role and the glossary, written in Markdown files beside this one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.utils.safestring import SafeString
from django.utils.text import slugify

from designation.markdown import rendered
from designation.models import Role, User

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Guide:
    """How one role does its work here: the role's name, one sentence on its part, and the text as HTML."""

    role: Role
    summary: str
    html: SafeString


@dataclass(frozen=True)
class Term:
    """A word of the field; `anchor` is where the page of the glossary has it, as in `/help/glossary/#seal`."""

    name: str
    anchor: str
    html: SafeString


@cache
def guide(role: Role) -> Guide:
    """The guide of the role. Its file's first paragraph is the summary."""
    summary, _, text = (FOLDER / f"{role.value}.md").read_text(encoding="utf-8").partition("\n\n")
    return Guide(role, summary, rendered(text, under=1))


def guides_for(user: User) -> tuple[list[Guide], list[Guide]]:
    """The guides of the user's own roles, and those of all others."""
    everybody = [guide(role) for role in Role]
    own = [found for found in everybody if user.has_role(found.role)]
    return own, [found for found in everybody if found not in own]


@cache
def glossary() -> tuple[Term, ...]:
    """The terms in alphabetical order. In the file each is a heading, with its meaning below it."""
    text = (FOLDER / "glossary.md").read_text(encoding="utf-8")
    entries = [entry.partition("\n") for entry in text.removeprefix("## ").split("\n## ")]
    terms = (Term(name, slugify(name), rendered(meaning, under=2)) for name, _, meaning in entries)
    return tuple(sorted(terms, key=lambda term: term.name.lower()))
