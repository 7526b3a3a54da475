"""Whom an entry means: an agent by badge number or e-mail address, or a user by e-mail address or username."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection

from designation.models import Agent, User
from training.completions.entries import Entry, Fault, Field

# By the very badge number or the address, both of which are indexed.
AGENTS = """
SELECT id, badge_number, first_name, last_name, lower(email), hired_on FROM designation_agent
WHERE badge_number = ANY(%s) OR (lower(email) = ANY(%s) AND email <> '')
"""
# By what is left of the badge number without letter case and leading zeros, which spreadsheets drop.
ALIKE = """
SELECT id, badge_number, first_name, last_name, lower(email), hired_on FROM designation_agent
WHERE ltrim(upper(badge_number), '0') = ANY(%s)
"""
USERS = """
SELECT id, username, first_name, last_name, lower(email) FROM designation_user
WHERE (lower(email) = ANY(%s) AND email <> '') OR lower(username) = ANY(%s)
"""
AS_TEXT = "Format the column as text and write the number with its zeros."


@dataclass(frozen=True, slots=True)
class Person:
    """An agent or a user: `agent` or `user` is the primary key. `email` is in small letters."""

    agent: int | None
    user: int | None
    name: str
    email: str
    hired_on: date | None = None

    @property
    def key(self) -> tuple[int | None, int | None]:
        return (self.agent, self.user)


def person_of_agent(agent: Agent) -> Person:
    return Person(agent.pk, None, str(agent), agent.email.lower(), agent.hired_on)


def person_of_user(user: User) -> Person:
    return Person(None, user.pk, f"{user} ({user.username})", user.email.lower())


class People:
    """Those whom a batch of entries may mean, found with three queries at most."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._by_badge: dict[str, Person] = {}
        self._alike: dict[str, list[tuple[str, Person]]] = {}
        self._agent_by_email: dict[str, Person] = {}
        self._users_by_email: dict[str, list[Person]] = {}
        self._by_username: dict[str, Person] = {}
        self._find_agents(entries)
        self._find_users(entries)

    def _find_agents(self, entries: Sequence[Entry]) -> None:
        badges = {entry.badge_number for entry in entries if entry.badge_number}
        emails = {entry.email.lower() for entry in entries if entry.email}
        for badge, person in _agents(AGENTS, [list(badges), list(emails)]):
            self._by_badge[badge] = person
            if person.email:
                self._agent_by_email[person.email] = person
        unknown = {_bare(badge) for badge in badges - self._by_badge.keys()} - {""}
        for badge, person in _agents(ALIKE, [list(unknown)]) if unknown else []:
            self._by_badge.setdefault(badge.upper(), person)
            self._alike.setdefault(_bare(badge), []).append((badge, person))

    def _find_users(self, entries: Sequence[Entry]) -> None:
        emails = {entry.email.lower() for entry in entries if entry.email} - self._agent_by_email.keys()
        usernames = {entry.username.lower() for entry in entries if entry.username}
        if not emails and not usernames:
            return
        with connection.cursor() as cursor:
            cursor.execute(USERS, [list(emails), list(usernames)])
            for pk, username, first, last, email in cursor.fetchall():
                person = Person(None, pk, f"{f'{first} {last}'.strip() or username} ({username})", email)
                self._by_username[username.lower()] = person
                if email:
                    self._users_by_email.setdefault(email, []).append(person)

    def meant_by(self, entry: Entry) -> Person | Fault:
        """The badge number tells first, then the e-mail address, then the username."""
        if entry.badge_number:
            return self._by_badge_number(entry)
        if entry.email:
            return self._by_address(entry)
        if entry.username:
            found = self._by_username.get(entry.username.lower())
            return found or Fault(entry.row, Field.USERNAME, "Nobody signs in under this username.")
        return Fault(entry.row, Field.BADGE_NUMBER, "Nobody is named.", "Give a badge number or an e-mail address.")

    def _by_badge_number(self, entry: Entry) -> Person | Fault:
        found = self._by_badge.get(entry.badge_number) or self._by_badge.get(entry.badge_number.upper())
        of_email = self._agent_by_email.get(entry.email.lower()) if entry.email else None
        if found is None:
            alike = self._alike.get(_bare(entry.badge_number), [])
            if of_email is not None and any(person == of_email for _, person in alike):
                return of_email
            if alike:
                reason = f"No agent has this badge number; {alike[0][0]}, equal but for leading zeros, is on record."
                return Fault(entry.row, Field.BADGE_NUMBER, reason, AS_TEXT)
            return Fault(entry.row, Field.BADGE_NUMBER, "No agent has this badge number.", "Correct it.")
        if of_email is not None and of_email.agent != found.agent:
            reason = f"The badge number is {found.name}’s, the e-mail address {of_email.name}’s."
            return Fault(entry.row, Field.EMAIL, reason, "Correct one of them.")
        if found.email and entry.email and entry.email.lower() in self._users_by_email:
            reason = f"The badge number is {found.name}’s, the e-mail address a user’s."
            return Fault(entry.row, Field.EMAIL, reason, "Correct one of them.")
        return found

    def _by_address(self, entry: Entry) -> Person | Fault:
        email = entry.email.lower()
        if email in self._agent_by_email:
            return self._agent_by_email[email]
        users = self._users_by_email.get(email, [])
        if len(users) == 1:
            return users[0]
        if users:
            names = ", ".join(sorted(user.name for user in users))
            return Fault(entry.row, Field.EMAIL, f"Several users have this address: {names}.", "Give the username.")
        return Fault(entry.row, Field.EMAIL, "No agent or user has this e-mail address.", "Correct it.")


def _agents(statement: str, parameters: list[list[str]]) -> list[tuple[str, Person]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [
            (badge, Person(pk, None, f"{last}, {first} ({badge})", email, hired_on))
            for pk, badge, first, last, email, hired_on in cursor.fetchall()
        ]


def _bare(badge_number: str) -> str:
    return badge_number.upper().lstrip("0")
