"""The rows of a roster against each other and against the agents on record, for the whole file at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from django.db.models import Count, Func, Value
from django.db.models.functions import Length, Lower, Upper

from designation.checks import MOVE_FIRST, designated_elsewhere, live_designations
from designation.models import Agent, Office, Request
from designation.rosters.fields import Draft
from designation.rosters.headers import Field
from designation.rosters.names import same_last_name, same_person_name

# A length that fewer than one badge number in so many has is odd.
_RARE = 10


def find_agents(drafts: Sequence[Draft]) -> None:
    """Set the agent of each row by its badge number, and the agent's open request."""
    badges = {_without_zeros(draft.badge_number) for draft in drafts if draft.badge_number}
    without_zeros = Func(Upper("badge_number"), Value("0"), function="LTRIM")
    alike: dict[str, list[Agent]] = {}
    for agent in Agent.objects.annotate(bare=without_zeros).filter(bare__in=badges).select_related("office"):
        alike.setdefault(_without_zeros(agent.badge_number), []).append(agent)
    for draft in drafts:
        if draft.badge_number:
            draft.agent = _agent_among(alike.get(_without_zeros(draft.badge_number), []), draft)
    agents = [draft.agent for draft in drafts if draft.agent]
    requests = {request.agent_id: request for request in Request.objects.open().filter(agent__in=agents)}
    for draft in drafts:
        draft.open_request = requests.get(draft.agent.pk) if draft.agent else None


def _without_zeros(badge_number: str) -> str:
    return badge_number.upper().lstrip("0")


def _agent_among(alike: Sequence[Agent], draft: Draft) -> Agent | None:
    """The agent with the very badge number, or else one with the same last name whose badge number differs in
    leading zeros alone, which spreadsheets drop."""
    for agent in alike:
        if agent.badge_number.upper() == draft.badge_number.upper():
            return agent
    named = [agent for agent in alike if same_last_name(agent.last_name, draft.last_name)]
    if len(named) == 1:
        draft.warn(Field.BADGE_NUMBER, f"Taken for {named[0].badge_number}, which differs in leading zeros only.")
        return named[0]
    if alike:
        draft.wrong(
            Field.BADGE_NUMBER,
            f"Badge {alike[0].badge_number}, equal but for leading zeros, is on record under another name.",
            "Format the column as text and type the number with its zeros, or correct the name.",
        )
    return None


def refuse_other_people(drafts: Sequence[Draft], office: Office) -> None:
    """Mark the rows whose badge number is on record under another last name: the number may be mistyped."""
    for draft in drafts:
        agent = draft.agent
        if agent is None or not draft.last_name or same_last_name(draft.last_name, agent.last_name):
            continue
        draft.is_other_person = True
        if agent.office_id == office.pk:
            reason = f"Badge {agent.badge_number} is {agent.full_name}’s."
            first = "change it on the agent’s page first"
        else:
            # Another office's agents are not this one's to see.
            reason = f"Badge {agent.badge_number} is another agent’s, of {agent.office.code}."
            first = "ask that office to change it first"
        remedy = f"Correct the badge number or the name. If the agent’s name has changed, {first}."
        draft.wrong(Field.BADGE_NUMBER, reason, remedy)


def refuse_repeats(drafts: Sequence[Draft]) -> None:
    """Mark the rows that repeat the badge number of an earlier row, or its e-mail address."""
    by_badge: dict[str, int] = {}
    by_email: dict[str, int] = {}
    for draft in drafts:
        number = draft.row.number
        badge = (draft.agent.badge_number if draft.agent else draft.badge_number).upper()
        first = by_badge.setdefault(badge, number) if badge else number
        if first != number:
            draft.repeats = first
            draft.wrong(
                Field.BADGE_NUMBER,
                f"Row {first} has the same badge number.",
                f"Remove this row, or correct row {first}.",
            )
            continue
        first = by_email.setdefault(draft.email.lower(), number) if draft.email else number
        if first != number:
            draft.wrong(Field.EMAIL, f"Row {first} has the same e-mail address.", "Correct one of them.")


def warn_of_odd_lengths(drafts: Sequence[Draft], office: Office) -> None:
    """Warn of new badge numbers of a length that hardly any other one of the file and the office has."""
    new = [draft for draft in drafts if draft.badge_number and not draft.agent]
    if not new:
        return
    on_record = Agent.objects.filter(office=office).values_list(Length("badge_number")).annotate(Count("pk"))
    lengths = Counter(dict(on_record.order_by()))
    lengths.update(len(draft.badge_number) for draft in new)
    total = lengths.total()
    for draft in new:
        length = len(draft.badge_number)
        if total > 1 and (lengths[length] == 1 or lengths[length] * _RARE < total):
            draft.warn(
                Field.BADGE_NUMBER,
                f"A new badge number of {length} characters, unlike the others.",
                "Check that none is missing, such as a leading zero.",
            )


def compare_with_record(drafts: Sequence[Draft], office: Office) -> None:
    """Refuse what contradicts the record of any agent; warn of what merely differs from it.

    Rows that are another person's are left out: all else of them would be compared with the wrong agent.
    """
    emails = {draft.email.lower() for draft in drafts if draft.email}
    owners = Agent.objects.annotate(lower_email=Lower("email")).filter(lower_email__in=emails)
    owner_of = dict(owners.values_list("lower_email", "pk"))
    away = [draft.agent.pk for draft in drafts if draft.agent and draft.agent.office_id != office.pk]
    live = live_designations(away) if away else {}
    for draft in drafts:
        if draft.is_other_person:
            continue
        owner = owner_of.get(draft.email.lower()) if draft.email else None
        if owner is not None and (draft.agent is None or owner != draft.agent.pk):
            draft.wrong(
                Field.EMAIL,
                "This is the e-mail address of an agent with another badge number.",
                "Correct the address or the badge number, or leave the address blank.",
            )
        if draft.agent is None:
            _refuse_kinds_that_need_a_designation(draft)
        else:
            _compare_with_agent(draft, draft.agent, office, live)


def _refuse_kinds_that_need_a_designation(draft: Draft) -> None:
    if draft.badge_number and draft.kind in {Request.Kind.RENEWAL, Request.Kind.TRANSFER}:
        draft.wrong(
            Field.KIND,
            "The badge number is not on record, so there is no designation to renew or transfer.",
            "Correct the badge number, or write initial.",
        )


def _compare_with_agent(draft: Draft, agent: Agent, office: Office, live: Mapping[int, int]) -> None:
    if not agent.is_active:
        draft.wrong(
            Field.BADGE_NUMBER,
            "The agent is no longer active.",
            "Mark the agent active on the agent’s page, or remove the row.",
        )
    if draft.open_request and draft.open_request.office_id != office.pk:
        draft.wrong(
            Field.BADGE_NUMBER,
            "The agent has an open request of another office.",
            "Ask that office to withdraw it.",
        )
    elif agent.office_id != office.pk and not draft.kind:
        take_over = "To take the agent over, write transfer as the kind of request."
        remedy = take_over if designated_elsewhere(live, agent.pk, office.pk) else MOVE_FIRST
        draft.wrong(
            Field.BADGE_NUMBER,
            "The agent belongs to another office.",
            f"Correct the badge number if it is wrong. {remedy}",
        )
    if not same_person_name(draft.last_name, draft.first_name, agent.last_name, agent.first_name):
        draft.name_differs = True
        column = Field.FIRST_NAME if Field.FIRST_NAME in draft.roster.mapping else Field.NAME
        draft.warn(column, f"On record, badge {agent.badge_number} is {agent.full_name}.", "The record is kept.")
    if draft.email and agent.email and draft.email.lower() != agent.email.lower():
        draft.warn(Field.EMAIL, f"On record, the e-mail address is {agent.email}.", "The record is kept.")
