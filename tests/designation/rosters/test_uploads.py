"""One roster file from upload to filing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from audit.models import StepEvent
from designation.models import Agent, Request, RosterMapping, RosterUpload
from designation.rosters import uploads
from designation.rosters.headers import MAX_AGENTS, ROSTER, Field
from designation.sheets.columns import NO_HEADER
from designation.sheets.files import UnusableFile
from designation.sheets.uploaded import likely_sheets, proposal_for, workbook_of
from tests.designation.rosters.files import HEADER, csv_file, home, xlsx_file
from tests.factories import AgentFactory, People

pytestmark = pytest.mark.django_db

ROWS = [
    HEADER,
    ["00123", "Rivera", "Ana", "Smuggling cases."],
    ["00124", "Stone", "Lee", "Port cases."],
    ["00125", "", "Max", "Port cases."],
]
ODD_HEADER = ["Tag", "Who", "Why"]
ODD_MAPPING = {Field.BADGE_NUMBER: 0, Field.NAME: 1, Field.JUSTIFICATION: 2}


def start(people: People, content: bytes, filename: str = "roster.csv", **kwargs) -> RosterUpload:
    actor = people.coordinator
    return uploads.start_upload(content, filename, home(actor), actor, **kwargs)


def test_a_recognised_file_is_ready_to_preview_and_files_its_good_rows(people: People):
    upload = start(people, csv_file(ROWS))

    result = uploads.file_upload(upload, people.coordinator)

    filed = Request.objects.filter(number__in=result.filed)
    assert {(request.agent.badge_number, request.state) for request in filed} == {
        ("00123", "hsi_review"),
        ("00124", "hsi_review"),
    }
    assert Agent.objects.get(badge_number="00123").office == people.coordinator.office
    assert result.rejected == {4: "Last Name: The last name is missing. Fill it in."}
    assert upload.filed_at is not None
    assert "00125,,Max,Port cases.,4,Last Name: The last name is missing." in uploads.rejected_rows(
        upload, people.coordinator
    )


def test_the_bad_rows_corrected_in_one_file_exactly_that_one(people: People):
    header = ["Shield", "Who", "Reason", ""]
    rows = [
        header,
        ["00123", "Cher", "=Port", "x"],
        ["00124", "Madonna", "Sea cases."],
        ["00125", "Stone, Lee", "Air."],
    ]
    first = start(people, csv_file(rows))
    mapping = {Field.BADGE_NUMBER: 0, Field.NAME: 1, Field.JUSTIFICATION: 2}
    uploads.apply_mapping(first, people.coordinator, sheet="roster", header_row=1, mapping=mapping)
    assert len(uploads.file_upload(first, people.coordinator).filed) == 1

    sent_back = uploads.rejected_rows(first, people.coordinator).replace("Cher", '"Rivera, Ana"')
    second = start(people, sent_back.encode("utf-8-sig"))
    plan = uploads.plan_upload(second, people.coordinator)

    assert second.is_mapped
    assert plan.headers == ("Shield", "Who", "Reason")
    assert [(row.badge_number, row.justification) for row in plan.ready] == [("00123", "=Port")]
    assert [row.badge_number for row in plan.errors] == ["00124"]
    assert uploads.rejected_rows(second, people.coordinator).count("Why not filed") == 1


def test_bad_rows_sent_back_uncorrected_are_as_bad_as_before(people: People):
    first = start(people, csv_file([["Badge", "Name"], ["00123", "Stone, Lee"]]))

    second = start(people, uploads.rejected_rows(first, people.coordinator).encode())

    (row,) = uploads.plan_upload(second, people.coordinator).rows
    assert [problem.column for problem in row.problems] == ["Justification"]


def test_bad_rows_of_a_file_without_header_come_back_without_one(people: People):
    first = start(people, csv_file([["00123", "Stone", "Lee"], ["00124", "Moss", ""]]))
    mapping = {Field.BADGE_NUMBER: 0, Field.LAST_NAME: 1, Field.FIRST_NAME: 2}
    uploads.apply_mapping(first, people.coordinator, sheet="roster", header_row=NO_HEADER, mapping=mapping)

    second = start(people, uploads.rejected_rows(first, people.coordinator).encode())

    assert proposal_for(second, ROSTER).header_row == NO_HEADER
    assert [row.cells for row in workbook_of(second, ROSTER).sheets[0].rows] == [
        ("00123", "Stone", "Lee"),
        ("00124", "Moss"),
    ]


def test_a_file_without_header_loses_no_agent_and_is_asked_about_each_time(people: People):
    content = csv_file([["00123", "Stone", "Lee"], ["00124", "Moss", "Kim"]])
    mapping = {Field.BADGE_NUMBER: 0, Field.LAST_NAME: 1, Field.FIRST_NAME: 2}
    upload = start(people, content, default_justification="Port cases.")
    assert not upload.is_mapped

    uploads.apply_mapping(upload, people.coordinator, sheet="roster", header_row=NO_HEADER, mapping=mapping)

    assert [row.badge_number for row in uploads.plan_upload(upload, people.coordinator).ready] == ["00123", "00124"]
    assert not start(people, content).is_mapped


def test_too_many_agents_are_refused_when_they_are_sent(people: People):
    rows = [[f"{number:05d}", "Stone", "Lee"] for number in range(MAX_AGENTS + 1)]

    with pytest.raises(UnusableFile, match="20,001 agents"):
        start(people, csv_file([HEADER[:3], *rows]))
    assert start(people, csv_file([["Our agents"], HEADER[:3], *rows[:MAX_AGENTS]])).is_mapped


def test_the_same_file_twice_makes_no_duplicates(people: People):
    uploads.file_upload(start(people, csv_file(ROWS)), people.coordinator)
    again = start(people, csv_file(ROWS))

    plan = uploads.plan_upload(again, people.coordinator)
    result = uploads.file_upload(again, people.coordinator)

    assert [len(plan.ready), len(plan.already_filed), len(plan.errors)] == [0, 2, 1]
    assert (result.filed, result.already_filed) == ((), 2)
    assert Request.objects.count() == 2


def test_an_upload_is_filed_once_and_keeps_its_result(people: People):
    upload = start(people, csv_file(ROWS))
    first = uploads.file_upload(upload, people.coordinator)
    steps = StepEvent.objects.count()

    assert uploads.file_upload(RosterUpload.objects.get(pk=upload.pk), people.coordinator) == first
    assert StepEvent.objects.count() == steps


@pytest.mark.django_db(transaction=True)
def test_two_tabs_filing_one_upload_at_once_file_it_once(people: People):
    upload = start(people, csv_file(ROWS))
    actor = people.coordinator

    def file_it(_: int) -> uploads.FiledRoster:
        try:
            return uploads.file_upload(RosterUpload.objects.get(pk=upload.pk), actor)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as tabs:
        one, other = tabs.map(file_it, range(2))

    assert one == other
    assert Request.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_uploads_of_one_file_filed_at_once_make_no_duplicates(people: People):
    made = [start(people, csv_file(ROWS)) for _ in range(2)]
    actor = people.coordinator

    def file_it(upload: RosterUpload) -> uploads.FiledRoster:
        try:
            return uploads.file_upload(upload, actor)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as tabs:
        results = list(tabs.map(file_it, made))

    assert sorted(len(result.filed) for result in results) == [0, 2]
    assert Request.objects.count() == 2


def test_all_or_nothing_files_nothing_when_a_row_is_in_error(people: People):
    upload = start(people, csv_file(ROWS))

    with pytest.raises(uploads.NotAllFiled) as caught:
        uploads.file_upload(upload, people.coordinator, all_or_nothing=True)

    assert list(caught.value.rejected) == [4]
    assert not Request.objects.exists()
    assert not Agent.objects.exists()
    assert RosterUpload.objects.get(pk=upload.pk).filed_at is None


def test_an_unknown_layout_is_mapped_once_and_remembered_for_the_office(people: People):
    rows = [["Our agents"], ODD_HEADER, ["00123", "Rivera, Ana", "Port cases."]]
    first = start(people, csv_file(rows))
    assert not first.is_mapped
    proposal = proposal_for(first, ROSTER)
    assert (proposal.header_row, proposal.unknown) == (2, (0, 1, 2))
    with pytest.raises(UnusableFile, match="what its columns mean"):
        uploads.plan_upload(first, people.coordinator)

    uploads.apply_mapping(first, people.coordinator, sheet=first.sheet, header_row=2, mapping=ODD_MAPPING)
    second = start(people, csv_file([ODD_HEADER, ["00124", "Stone, Lee", "Port cases."]]))

    assert second.is_mapped
    assert [row.last_name for row in uploads.plan_upload(second, people.coordinator).ready] == ["Stone"]
    assert [row.last_name for row in uploads.plan_upload(first, people.coordinator).ready] == ["Rivera"]
    other = people.other_coordinator
    assert not uploads.start_upload(csv_file(rows), "roster.csv", home(other), other).is_mapped


def test_a_mapping_said_again_takes_the_place_of_the_remembered_one(people: People):
    upload = start(people, csv_file([ODD_HEADER, ["00123", "Rivera, Ana", "Port cases."]]))
    for mapping in (ODD_MAPPING, {Field.BADGE_NUMBER: 0, Field.NAME: 1}):
        uploads.apply_mapping(upload, people.coordinator, sheet="roster", header_row=1, mapping=mapping)

    assert RosterMapping.objects.get().mapping == {"badge_number": 0, "name": 1}


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({Field.NAME: 1}, "Badge number"),
        ({Field.BADGE_NUMBER: 0}, "Last name, First name"),
        ({Field.BADGE_NUMBER: 0, Field.NAME: 0}, "one thing only"),
        ({Field.BADGE_NUMBER: 0, Field.NAME: 9}, "does not exist"),
        ({Field.BADGE_NUMBER: 0, Field.NAME: -1}, "does not exist"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(people: People, mapping: dict[Field, int], message: str):
    upload = start(people, csv_file([ODD_HEADER, ["00123", "Rivera, Ana", "Port cases."]]))

    with pytest.raises(UnusableFile, match=message):
        uploads.apply_mapping(upload, people.coordinator, sheet="roster", header_row=1, mapping=mapping)


def test_of_several_sheets_the_one_with_a_known_header_is_taken(people: People):
    upload = start(people, xlsx_file(Instructions=[["Fill in the next sheet."]], Agents=ROWS), "roster.xlsx")

    assert upload.sheet == "Agents"
    assert len(uploads.plan_upload(upload, people.coordinator).ready) == 2


def test_of_several_sheets_with_a_known_header_the_user_chooses(people: People):
    upload = start(people, xlsx_file(May=ROWS[:2], June=[HEADER, ROWS[2]]), "roster.xlsx")
    assert upload.sheet == ""
    choices = likely_sheets(workbook_of(upload, ROSTER), ROSTER)
    assert [choice.sheet for choice in choices] == ["May", "June"]

    uploads.choose_sheet(upload, people.coordinator, "June")

    plan = uploads.plan_upload(upload, people.coordinator)
    assert [row.badge_number for row in plan.ready] == ["00124"]


def test_a_filed_upload_is_mapped_no_more(people: People):
    upload = start(people, csv_file(ROWS))
    uploads.file_upload(upload, people.coordinator)

    with pytest.raises(UnusableFile, match="has been filed"):
        uploads.choose_sheet(upload, people.coordinator, "roster")


def test_the_default_justification_stands_in(people: People):
    rows = [HEADER[:3], ["00123", "Rivera", "Ana"]]

    result = uploads.file_upload(
        start(people, csv_file(rows), default_justification="Border cases."), people.coordinator
    )

    assert Request.objects.get(number__in=result.filed).justification == "Border cases."


def test_headquarters_files_for_any_office_and_nobody_else_for_another(people: People):
    office = home(people.coordinator)
    content = csv_file(ROWS)

    assert uploads.start_upload(content, "roster.csv", office, people.hsi_hq)
    for stranger in (people.other_coordinator, people.dea_hq, people.auditor):
        with pytest.raises(PermissionDenied):
            uploads.start_upload(content, "roster.csv", office, stranger)
    upload = start(people, content)
    with pytest.raises(PermissionDenied):
        uploads.file_upload(upload, people.other_coordinator)
    with pytest.raises(PermissionDenied):
        uploads.apply_mapping(upload, people.other_coordinator, sheet="roster", header_row=1, mapping={})


def test_uploads_are_seen_by_their_office_and_by_headquarters(people: People):
    upload = start(people, csv_file(ROWS))

    for user in (people.coordinator, people.hsi_hq):
        assert list(RosterUpload.objects.visible_to(user)) == [upload]
    for user in (people.other_coordinator, people.dea_field, people.dea_hq, people.auditor, people.operator):
        assert not RosterUpload.objects.visible_to(user).exists()


def test_the_file_is_kept_as_it_was_sent(people: People):
    upload = start(people, csv_file(ROWS), "ro\x00ster\n" + "x" * 300 + ".csv")

    upload.refresh_from_db()
    assert bytes(upload.content) == csv_file(ROWS)
    assert len(upload.filename) == 255
    assert upload.filename.isprintable()


def test_a_roster_of_thousands_is_filed_in_one_go(people: People):
    agents = AgentFactory.create_batch(500, office=people.coordinator.office)
    rows = [[agent.badge_number, agent.last_name, agent.first_name, "Port cases."] for agent in agents]
    rows += [[f"N{number:05d}", "New", "Agent", "Port cases."] for number in range(1500)]

    result = uploads.file_upload(start(people, xlsx_file(Agents=[HEADER, *rows])), people.coordinator)

    assert len(result.filed) == 2000
    assert not result.rejected
