"""The preview says of each row what filing would do, and what is wrong where."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pytest

from designation import workflow
from designation.models import Agent, Office, Request
from designation.rosters.columns import roster_below
from designation.rosters.headers import MAX_AGENTS, ROSTER
from designation.rosters.plan import PlannedRow, RosterPlan, RowStatus, plan
from designation.sheets.added import REASON
from designation.sheets.columns import propose
from designation.sheets.files import Row, Sheet
from designation.sheets.rejected import rejected_csv
from tests import factories
from tests.designation.rosters.files import home
from tests.factories import AgentFactory, People

pytestmark = pytest.mark.django_db

HEADER = ("Badge #", "Last Name", "First Name", "E-mail", "Type of request", "Expedite?", "Justification")


def roster(*rows: Sequence[str], header: Sequence[str] = HEADER):
    lines = [Row(number, tuple(cells)) for number, cells in enumerate([header, *rows], start=1)]
    sheet = Sheet("Roster", tuple(lines))
    return roster_below(sheet, 1, propose(sheet, ROSTER, 1).mapping)


def planned(people: People, *rows: Sequence[str], justification: str = "Port cases.", **kwargs) -> RosterPlan:
    actor = people.coordinator
    return plan(roster(*rows, **kwargs), office=home(actor), actor=actor, default_justification=justification)


def only(people: People, *cells: str, **kwargs) -> PlannedRow:
    (row,) = planned(people, cells, **kwargs).rows
    return row


def known(people: People, **values) -> Agent:
    values = {"badge_number": "00123", "last_name": "Smith", "first_name": "John", "email": "js@example.gov", **values}
    return AgentFactory.create(**{"office": people.coordinator.office, **values})


def designated(people: People, **values) -> Agent:
    """An agent who holds a live designation."""
    agent = known(people, **values)
    entry = factories.new_request(agent)
    filed = workflow.file_requests([entry], actor=people.coordinator, office=home(people.coordinator))
    pks = [request.pk for request in filed.done]
    for name, who, reason in factories.PATHS["approved"][1:]:
        assert workflow.transition(name, pks, actor=getattr(people, who), reason=reason).done
    return agent


def test_an_unknown_badge_number_is_a_new_agent_of_the_office(people: People):
    row = only(people, "00777", "Rivera", "Ana", "ana@example.gov", "Initial", "Yes", "Smuggling cases.")

    assert row.status is RowStatus.READY
    assert row.is_new_agent
    assert (row.badge_number, row.last_name, row.first_name) == ("00777", "Rivera", "Ana")
    assert (row.email, row.kind, row.priority) == ("ana@example.gov", "initial", "expedited")
    assert row.justification == "Smuggling cases."
    assert not Agent.objects.exists()


def test_a_known_agent_of_the_office_is_found_by_the_badge_number(people: People):
    agent = known(people)

    row = only(people, "00123", "SMITH", "John")

    assert (row.status, row.agent) == (RowStatus.READY, agent)
    assert not row.warnings


def test_blank_cells_take_the_defaults(people: People):
    row = only(people, "00123", "Smith", "John")

    assert (row.kind, row.priority, row.justification) == ("initial", "routine", "Port cases.")


def test_a_blank_kind_is_a_renewal_for_a_designated_agent(people: People):
    designated(people)

    assert only(people, "00123", "Smith", "John").kind == "renewal"


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        (("", "Smith", "John"), "Badge #", "missing"),
        (("12 345", "Smith", "John"), "Badge #", "not a badge number"),
        (("1.23456789012346e+16", "Smith", "John"), "Badge #", "into a power of ten"),
        (("1E5", "Smith", "John"), "Badge #", "into a power of ten"),
        (("TRUE", "Smith", "John"), "Badge #", "no digit"),
        (("n/a", "Smith", "John"), "Badge #", "no digit"),
        (("TOTAL", "12", "agents"), "Badge #", "line of totals"),
        (("12", "Total:", ""), "Last Name", "line of totals"),
        (("123", "=Smith", "John"), "Last Name", "No name has “=”"),
        (("123", "Smith", "John <j@x.gov>"), "First Name", "No name has “<”"),
        (("123", "Smith 2", "John"), "Last Name", "No name has “2”"),
        (("123", "Smith/Jones", "John"), "Last Name", "No name has “/”"),
        (("123", "Smith, John", "Jane"), "Last Name", "between two names"),
        (("2024-03-12", "Smith", "John"), "Badge #", "into a date"),
        (("1" * 21, "Smith", "John"), "Badge #", "too long"),
        (("123", "", "John"), "Last Name", "missing"),
        (("123", "Smith", "x" * 81), "First Name", "too long"),
        (("123", "Smi\x07th", "John"), "Last Name", "cannot be read or seen"),
        (("123", "Smith\u200b", "John"), "Last Name", "cannot be read or seen"),
        (("123", "Smi\ufffdth", "John"), "Last Name", "cannot be read or seen"),
        (("123", "Smith", "John", "john at hsi"), "E-mail", "not an e-mail address"),
        (("123", "Smith", "John", f"{'x' * 250}@a.gov"), "E-mail", "too long"),
        (("123", "Smith", "John", "", "Upgrade"), "Type of request", "not known"),
        (("123", "Smith", "John", "", "", "soon"), "Expedite?", "not known"),
        (("123", "Smith", "John", "", "", "", "x" * 4001), "Justification", "too long"),
        (("123", "Smith", "John", "", "Renewal"), "Type of request", "not on record"),
        (("123", "Smith", "John", "", "Transfer"), "Type of request", "not on record"),
    ],
)
def test_an_error_names_row_column_value_reason_and_remedy(
    people: People, cells: tuple[str, ...], column: str, reason: str
):
    row = only(people, *cells)

    assert row.status is RowStatus.ERROR
    (problem,) = row.problems
    assert (problem.row, problem.column) == (2, column)
    assert problem.value == (cells[HEADER.index(column)])
    assert reason in problem.reason
    assert problem.remedy.endswith(".")


def test_all_errors_of_a_row_are_told_at_once(people: People):
    row = only(people, "", "Smith", "", "nobody", "Upgrade", "soon")

    assert [problem.column for problem in row.problems] == [
        "Badge #", "First Name", "E-mail", "Type of request", "Expedite?",
    ]  # fmt: skip


def test_a_justification_is_needed_in_the_row_or_for_the_file(people: People):
    (problem,) = only(people, "123", "Smith", "John", justification=" ").problems

    assert "justification is missing" in problem.reason


def test_a_name_in_one_column_is_told_apart(people: People):
    header = ("Badge #", "Agent Name (Last, First)")
    plan_ = planned(people, ("1", "Smith Jr., John A."), ("2", "Smith John"), ("3", "Cher"), header=header)

    assert [(row.last_name, row.first_name) for row in plan_.ready] == [("Smith Jr.", "John A."), ("Smith", "John")]
    assert plan_.problems[0].column == "Agent Name (Last, First)"


def test_of_rows_with_one_badge_number_the_first_is_kept_and_the_others_name_it(people: People):
    plan_ = planned(people, ("123", "Smith", "John"), ("456", "Doe", "Jane"), ("123", "Smith", "John"))

    assert [row.status for row in plan_.rows] == [RowStatus.READY, RowStatus.READY, RowStatus.ERROR]
    assert "Row 2 has the same badge number" in plan_.problems[0].reason


def test_of_rows_with_one_email_address_the_first_is_kept(people: People):
    plan_ = planned(people, ("1", "Smith", "John", "a@x.gov"), ("2", "Doe", "Jane", "A@X.gov"))

    assert [row.status for row in plan_.rows] == [RowStatus.READY, RowStatus.ERROR]


def test_the_email_address_of_another_agent_is_refused(people: People):
    known(people)

    (problem,) = only(people, "999", "Doe", "Jane", "JS@example.gov").problems

    assert "agent with another badge number" in problem.reason


def test_what_differs_from_the_record_is_a_warning_and_the_record_stays(people: People):
    known(people)

    plan_ = planned(people, ("00123", "Smith", "Jack", "other@example.gov"), ("00124", "Doe", "Jane"))

    row, other = plan_.ready
    assert [warning.column for warning in row.warnings] == ["First Name", "E-mail"]
    assert "John Smith" in row.warnings[0].reason
    assert not other.warnings
    assert plan_.names_differing == (row,)


def test_a_badge_number_on_record_under_another_last_name_is_an_error_that_says_whose_it_is(people: People):
    known(people)

    row = only(people, "00123", "Doe", "John", "js@example.gov")

    assert row.status is RowStatus.ERROR
    (problem,) = row.problems
    assert problem.reason == "Badge 00123 is John Smith’s."
    assert "change it on the agent’s page first" in problem.remedy


def test_a_mistyped_badge_number_is_no_request_filed_already(people: People):
    request = factories.request(people, "hsi_review")

    assert only(people, request.agent.badge_number, "Whoever", "She").status is RowStatus.ERROR


def test_the_name_of_another_offices_agent_is_not_told(people: People, other_office: Office):
    known(people, office=other_office)

    (problem,) = only(people, "00123", "Doe", "John", "", "Transfer").problems

    assert f"another agent’s, of {other_office.code}" in problem.reason
    assert "Smith" not in problem.message


@pytest.mark.parametrize("last", ["MUÑOZ O'NEIL", "Munoz-O’Neil Jr.", "muñoz oneil, III", "MunozONeil"])
def test_ways_of_writing_a_last_name_are_no_other_person(people: People, last: str):
    known(people, last_name="Muñoz-O'Neil")

    row = only(people, "00123", last, "John")

    assert (row.status, row.warnings) == (RowStatus.READY, ())


@pytest.mark.parametrize("name", ["Łukasz-Ørsted", "O’Brien", "de la Cruz, Jr.", "Gal·la", "李", "Ёлкина", "St. John"])
def test_names_of_any_script_are_names(people: People, name: str):
    assert only(people, "123", name, "Ana").status is RowStatus.READY


def test_a_new_badge_number_of_odd_length_is_warned_of(people: People):
    known(people, badge_number="00123")

    rows = planned(people, ("00124", "Doe", "Jane"), ("125", "Roe", "Ann"), ("00126", "Moe", "Kim")).ready

    assert [len(row.warnings) for row in rows] == [0, 1, 0]
    assert "3 characters, unlike the others" in rows[1].warnings[0].reason


def test_leading_zeros_that_a_spreadsheet_dropped_are_found_again_by_the_name(people: People):
    agent = known(people)

    row = only(people, "123", "Smith", "John")

    assert (row.status, row.agent, row.badge_number) == (RowStatus.READY, agent, "00123")
    assert "leading zeros" in row.warnings[0].reason


def test_leading_zeros_are_not_guessed_for_another_name(people: People):
    known(people)

    row = only(people, "123", "Doe", "Jane")

    assert row.status is RowStatus.ERROR
    assert "00123" in row.problems[0].reason


def test_one_agent_in_two_writings_of_the_badge_number_is_a_repeat(people: People):
    known(people)

    plan_ = planned(people, ("00123", "Smith", "John"), ("123", "Smith", "John"))

    assert [row.status for row in plan_.rows] == [RowStatus.READY, RowStatus.ERROR]


def test_an_agent_of_another_office_needs_a_transfer(people: People, other_office: Office):
    known(people, office=other_office)

    assert "another office" in only(people, "00123", "Smith", "John").problems[0].reason
    assert "another office" in only(people, "00123", "Smith", "John", "", "Initial").problems[0].reason


@pytest.mark.parametrize("kind", ["", "Initial", "Transfer"])
def test_for_another_offices_agent_without_a_designation_headquarters_is_to_be_asked(
    people: People, other_office: Office, kind: str
):
    known(people, office=other_office)

    (problem,) = only(people, "00123", "Smith", "John", "", kind).problems

    assert "belongs to another office" in problem.reason
    assert "Ask HSI headquarters to move the agent to your office first." in problem.message


def test_for_another_offices_designated_agent_a_transfer_is_to_be_written(people: People, other_office: Office):
    designated(people)
    actor = people.other_coordinator

    found = plan(roster(("00123", "Smith", "John")), office=home(actor), actor=actor, default_justification="Moves.")

    assert "write transfer as the kind of request" in found.rows[0].problems[0].remedy


def test_a_transfer_takes_a_designated_agent_of_another_office(people: People, other_office: Office):
    agent = designated(people)
    actor = people.other_coordinator

    found = plan(
        roster(("00123", "Smith", "John", "", "Transfer")),
        office=home(actor),
        actor=actor,
        default_justification="Moves here.",
    )

    assert (found.rows[0].status, found.rows[0].agent) == (RowStatus.READY, agent)


def test_an_agent_who_left_is_refused(people: People):
    known(people, is_active=False)

    (problem,) = only(people, "00123", "Smith", "John").problems

    assert problem.message == (
        "The agent is no longer active. Mark the agent active on the agent’s page, or remove the row."
    )


def test_the_rules_of_submitting_are_asked(people: People):
    designated(people)

    assert "designated already" in only(people, "00123", "Smith", "John", "", "Initial").problems[0].reason


def test_an_open_request_of_the_office_counts_as_filed_already(people: People):
    request = factories.request(people, "hsi_review")

    row = only(people, request.agent.badge_number, request.agent.last_name, "She", "not an address")

    assert (row.status, row.open_request) == (RowStatus.ALREADY_FILED, request.number)


def test_an_open_request_of_another_office_is_not_told_by_number(people: People):
    request = factories.request(people, "hsi_review")
    actor = people.other_coordinator

    (row,) = plan(
        roster((request.agent.badge_number, request.agent.last_name, request.agent.first_name, "", "Transfer")),
        office=home(actor),
        actor=actor,
        default_justification="Moves here.",
    ).rows

    assert row.status is RowStatus.ERROR
    assert "open request of another office" in row.problems[0].reason
    assert request.number not in row.problems[0].message


def test_the_number_of_queries_does_not_grow_with_the_file(people: People, django_assert_max_num_queries):
    AgentFactory.create_batch(30, office=people.coordinator.office)
    rows = [(agent.badge_number, agent.last_name, agent.first_name, agent.email) for agent in Agent.objects.all()]
    rows += [(f"N{number}", "New", "Agent", f"n{number}@x.gov") for number in range(30)]

    with django_assert_max_num_queries(8):
        assert len(planned(people, *rows).ready) == 60


def test_the_largest_roster_is_planned_in_seconds(people: People):
    rows = [(f"B{number}", "New", "Agent", f"n{number}@x.gov") for number in range(MAX_AGENTS)]

    assert len(planned(people, *rows).ready) == MAX_AGENTS


def test_rejected_rows_come_back_in_the_users_own_columns_with_the_reasons(people: People):
    header = ("Badge #", "Agent Name", "Phone")
    source = roster(("123", "Smith, John", "5551234"), ("=1+1", "Cher", "@SUM(A1)"), ("", "Doe, Jane"), header=header)
    actor = people.coordinator
    reasons = plan(source, office=home(actor), actor=actor, default_justification="Cases.").reasons

    titles, *rows = list(csv.reader(io.StringIO(rejected_csv(source, reasons, REASON))))

    assert titles == ["Badge #", "Agent Name", "Phone", "Row in uploaded file", "Why not filed"]
    assert rows[0][:4] == ["'=1+1", "Cher", "'@SUM(A1)", "3"]
    assert "Badge #: This is not a badge number." in rows[0][4]
    assert "Agent Name: The first and the last name" in rows[0][4]
    assert rows[1][:4] == ["", "Doe, Jane", "", "4"]
    assert not Request.objects.exists()
