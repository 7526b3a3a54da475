"""The header row is found and its names are recognised."""

from __future__ import annotations

import pytest

from designation.rosters.columns import roster_below
from designation.rosters.headers import MAX_AGENTS, ROSTER, Field
from designation.sheets.columns import NO_HEADER, Proposal, column_title, signature
from designation.sheets.columns import propose as propose_as
from designation.sheets.files import Row, Sheet, UnusableFile
from designation.sheets.headers import normalise

recognise = ROSTER.vocabulary.recognise


def propose(sheet: Sheet, header_row: int | None = None) -> Proposal[Field]:
    return propose_as(sheet, ROSTER, header_row)


def sheet(*rows: list[str]) -> Sheet:
    return Sheet("Roster", tuple(Row(number, tuple(row)) for number, row in enumerate(rows, start=1) if row))


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Badge #", Field.BADGE_NUMBER),
        ("BADGE NO. (required)", Field.BADGE_NUMBER),
        ("Badge_Number:", Field.BADGE_NUMBER),
        ("Employee ID", Field.BADGE_NUMBER),
        ("Shield No.", Field.BADGE_NUMBER),
        ("Shield", Field.BADGE_NUMBER),
        ("Agent's Last Name", Field.LAST_NAME),
        ("Surname", Field.LAST_NAME),
        ("Given name(s)", Field.FIRST_NAME),
        ("First / MI", Field.FIRST_NAME),
        ("Agent's name", Field.NAME),
        ("SSA Name", Field.NAME),
        ("Name (Last, First, MI)", Field.NAME),
        ("Mail addr.", Field.EMAIL),
        ("Mailing address", None),
        ("New/Renewal", Field.KIND),
        ("Pri", Field.PRIORITY),
        ("Prio.", Field.PRIORITY),
        ("First Name/MI", Field.FIRST_NAME),
        ("Agent Name", Field.NAME),
        ("Last, First", Field.NAME),
        ("Name (Last, First)", Field.NAME),
        ("E-mail Address", Field.EMAIL),
        ("E Mail", Field.EMAIL),
        ("Type of request", Field.KIND),
        ("Request Type", Field.KIND),
        ("Expedite?", Field.PRIORITY),
        ("Expedite? (Y/N)", Field.PRIORITY),
        ("Expedited (Yes/No)", Field.PRIORITY),
        ("Reason for request", Field.JUSTIFICATION),
        ("Supervisor", None),
        ("Favourite colour", None),
        ("", None),
    ],
)
def test_header_names_are_recognised_by_what_offices_call_them(header: str, field: Field | None):
    found = recognise(header)

    assert (found[0] if found else None) == field


def test_the_header_is_found_below_title_lines():
    proposal = propose(
        sheet(
            ["HSI Miami – agents for cross-designation"], [], ["as of", "3 May"], ["Badge #", "Last, First", "E-mail"]
        )
    )

    assert proposal.header_row == 4
    assert proposal.mapping == {Field.BADGE_NUMBER: 0, Field.NAME: 1, Field.EMAIL: 2}
    assert proposal.settled


def test_columns_that_filing_does_not_need_raise_no_question():
    assert propose(sheet(["#", "Badge #", "Agent Name", "Cell Phone", "Hire Date", "Supervisor"])).settled


def test_a_column_of_unknown_name_is_asked_about():
    proposal = propose(sheet(["Badge #", "Agent Name", "Rush job"]))

    assert proposal.unknown == (2,)
    assert not proposal.settled


def test_two_columns_for_one_field_are_asked_about_and_the_surer_one_is_proposed():
    proposal = propose(sheet(["Employee ID", "Badge #", "Agent Name"]))

    assert proposal.ambiguous == {Field.BADGE_NUMBER: (0, 1)}
    assert proposal.mapping[Field.BADGE_NUMBER] == 1
    assert not proposal.settled


def test_a_whole_name_is_not_needed_beside_last_and_first_name():
    proposal = propose(sheet(["Badge #", "Agent", "Last Name", "First Name"]))

    assert Field.NAME not in proposal.mapping
    assert proposal.settled


@pytest.mark.parametrize("headers", [["Badge #", "E-mail"], ["Agent Name", "E-mail"], ["Badge #", "Last Name"]])
def test_a_roster_without_badge_number_or_name_is_asked_about(headers: list[str]):
    assert not propose(sheet(headers)).settled


def test_without_a_known_header_the_fullest_of_the_first_rows_is_proposed():
    proposal = propose(sheet(["A title"], ["Nr.", "Wer", "Warum"], ["1", "Smith"]))

    assert proposal.header_row == 2
    assert not proposal.recognised


def test_a_sheet_that_begins_with_an_agent_has_no_header():
    proposal = propose(sheet(["00123", "Rush", "Kim", "kim@example.gov", "Expedited"], ["00124", "Stone", "Lee"]))

    assert proposal.header_row == NO_HEADER
    assert proposal.mapping == {Field.BADGE_NUMBER: 0, Field.EMAIL: 3}
    assert not proposal.settled


def test_titles_above_agents_without_header_are_kept_as_rows():
    rows = roster_below(sheet(["Agents of Miami"], ["00123", "Rivera, Ana"]), NO_HEADER, {}).rows

    assert [row.number for row in rows] == [1, 2]


def test_an_agent_is_never_taken_for_a_header_that_names_too_little():
    proposal = propose(sheet(["Badge", "Who"], ["00123", "Rivera, Ana", "Port cases."]))

    assert proposal.header_row == 1


def test_more_agents_than_a_roster_holds_are_refused_whatever_stands_above_them():
    rows = [["Badge #", "Agent Name"], *([str(number), "A, B"] for number in range(MAX_AGENTS))]

    assert len(roster_below(sheet(["Title"], *rows), 2, {}).rows) == MAX_AGENTS
    with pytest.raises(UnusableFile, match="20,001 agents; 20,000 at most"):
        roster_below(sheet(*rows, ["x", "A, B"]), 1, {})


def test_header_rows_repeated_at_page_breaks_are_no_rows_of_the_roster():
    header = ["Badge #", "Agent Name"]
    roster = roster_below(sheet(["Title"], header, ["1", "A, B"], header, ["2", "C, D"]), 2, {})

    assert [row.number for row in roster.rows] == [3, 5]


def test_a_header_with_nothing_below_it_is_refused():
    with pytest.raises(UnusableFile, match="no rows below"):
        roster_below(sheet(["Badge #", "Agent Name"]), 1, {})


def test_a_blank_header_row_is_refused():
    with pytest.raises(UnusableFile, match=r"Row 2 .* blank"):
        propose(sheet(["Badge #"], [], ["1"]), header_row=2)


def test_a_layout_is_known_again_by_its_names_and_their_order():
    assert signature(["Badge #", "Name"]) == signature(["BADGE NO.", " name:"])
    assert signature(["Badge #", "Name"]) != signature(["Name", "Badge #"])
    assert normalise("Last, First") == normalise("LAST/FIRST")


def test_a_column_without_a_name_is_called_by_its_letter():
    assert column_title(["Badge", ""], 0) == "Badge"
    assert column_title(["Badge", ""], 1) == "Column B"
    assert column_title([], 27) == "Column AB"
