"""Comments and files on requests: who may add them and when, who is told, and what stays as it is."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from audit.machine import Refused
from designation import comments, workflow
from designation.files import NewFile, told_apart
from designation.models import Comment, Notice, Request, RequestFile
from tests import factories
from tests.designation.sample_files import PDF, PNG
from tests.factories import People

pytestmark = pytest.mark.django_db

MEMO = NewFile("memo.pdf", "application/pdf", PDF)
PHOTO = NewFile("photo.png", "image/png", PNG)


@pytest.fixture(autouse=True)
def reviewers(people: People) -> None:
    """They are there before they are to be told."""
    assert all((people.hsi_hq, people.dea_field, people.dea_hq))


def say(request: Request, user, text: str = "The memo follows.", *files: NewFile) -> comments.Added:
    return comments.add(request.pk, actor=user, text=text, files=files)


def told(user) -> list[str]:
    return list(Notice.objects.filter(recipient=user, transition="comment").values_list("title", flat=True))


@pytest.mark.parametrize("who", ["coordinator", "hsi_hq", "dea_field", "dea_hq"])
def test_who_works_on_a_request_comments_on_it_by_the_role_that_allows_it(people: People, who):
    request = factories.request(people, "dea_intake")
    said = say(request, getattr(people, who)).comment
    assert (said.author_name, said.author_role) == (getattr(people, who).recorded_name, who)


@pytest.mark.parametrize("who", ["auditor", "supervisor", "training_manager", "other_coordinator", "other_dea_field"])
def test_nobody_else_does(people: People, who):
    request = factories.request(people, "dea_intake")
    with pytest.raises(Refused):
        say(request, getattr(people, who))
    assert not Comment.objects.exists()


def test_dea_says_nothing_on_what_was_not_transmitted_to_it(people: People):
    request = factories.request(people, "hsi_review")
    with pytest.raises(Refused, match="not yours to see"):
        say(request, people.dea_hq)


def test_a_draft_takes_files_and_no_comment(people: People):
    request = factories.request(people, "draft")
    with pytest.raises(Refused, match="write in its justification"):
        say(request, people.coordinator, "Later.", MEMO)
    say(request, people.coordinator, "", MEMO)
    assert [file.name for file in RequestFile.objects.all()] == ["memo.pdf"]


@pytest.mark.parametrize("state", ["approved", "withdrawn"])
def test_what_has_ended_takes_nothing_more(people: People, state):
    request = factories.request(people, state)
    for text, files in (("Late.", ()), ("", (MEMO,))):
        with pytest.raises(Refused, match="has ended"):
            say(request, people.coordinator, text, *files)


def test_a_denial_is_commented_on_until_it_was_reconsidered(people: People):
    request = factories.request(people, "denied")
    say(request, people.coordinator, "New facts.")
    workflow.transition_one("reconsider", request.pk, actor=people.dea_hq, reason="New facts.")
    workflow.transition_one("deny", request.pk, actor=people.dea_hq, reason="Still not needed.")
    with pytest.raises(Refused, match="has ended"):
        say(request, people.coordinator, "More facts.")


def test_nothing_at_all_is_refused(people: People):
    request = factories.request(people, "dea_intake")
    with pytest.raises(Refused, match="Write a comment, or choose a file"):
        say(request, people.coordinator, "  ")


def test_a_form_that_is_sent_twice_says_it_once(people: People):
    request = factories.request(people, "dea_intake")
    first, second = (say(request, people.coordinator, "The memo.", MEMO) for _ in range(2))
    assert first.comment == second.comment
    assert [file.name for file in second.known] == ["memo.pdf"]
    assert (Comment.objects.count(), RequestFile.objects.count(), len(told(people.dea_hq))) == (1, 1, 1)


def test_who_is_asked_now_and_who_had_a_part_are_told_and_not_who_speaks(people: People):
    second_hq = factories.user("dea_hq", "DEA-HQ")
    request = factories.request(people, "field_review")
    say(request, people.coordinator)
    for user in (people.hsi_hq, people.dea_hq, people.dea_field):
        assert told(user) == [f"{people.coordinator.recorded_name} commented on {request.number}"]
    assert told(people.coordinator) == told(second_hq) == []

    say(request, people.dea_field, "Thank you.")
    assert len(told(people.coordinator)) == 1
    assert len(told(people.dea_field)) == 1


def test_a_notice_leads_to_the_comment(people: People):
    request = factories.request(people, "dea_intake")
    said = say(request, people.coordinator).comment
    notice = Notice.objects.get(recipient=people.dea_hq, transition="comment")
    assert notice.path == f"/requests/{request.number}/#comment-{said.pk}"
    assert notice.body == "The memo follows."


def test_who_works_on_it_no_longer_is_not_told(people: People):
    request = factories.request(people, "dea_intake")
    office = people.other_coordinator.office
    people.coordinator.office = office
    people.coordinator.save()
    say(request, people.dea_hq, "Is there a memo?")
    assert told(people.coordinator) == []


@pytest.mark.parametrize("who", ["coordinator", "hsi_hq"])
def test_a_file_is_withdrawn_by_who_added_it_or_by_his_headquarters(people: People, who):
    request = factories.request(people, "dea_intake")
    [file] = say(request, people.coordinator, "", MEMO).files
    withdrawn = comments.withdraw_file(file.pk, actor=getattr(people, who), reason="Of another agent.")
    assert (withdrawn.withdrawn_by_name, withdrawn.withdrawn_why) == (
        getattr(people, who).recorded_name,
        "Of another agent.",
    )
    assert not RequestFile.objects.current().exists()
    assert f"withdrew memo.pdf from {request.number}" in told(people.dea_hq)[0]


@pytest.mark.parametrize("who", ["dea_hq", "dea_field"])
def test_the_other_agency_withdraws_it_not(people: People, who):
    request = factories.request(people, "dea_intake")
    [file] = say(request, people.coordinator, "", MEMO).files
    with pytest.raises(Refused, match="by who added it"):
        comments.withdraw_file(file.pk, actor=getattr(people, who), reason="No.")


def test_a_file_is_withdrawn_with_a_reason_once_and_after_the_end_too(people: People):
    request = factories.request(people, "dea_decision")
    [file] = say(request, people.coordinator, "", MEMO).files
    workflow.transition_one("approve", request.pk, actor=people.dea_hq)
    for blank in (" ", "\u200b"):
        with pytest.raises(Refused, match="Give a reason"):
            comments.withdraw_file(file.pk, actor=people.coordinator, reason=blank)
    comments.withdraw_file(file.pk, actor=people.coordinator, reason="Of another agent.")
    with pytest.raises(Refused, match="has withdrawn it already"):
        comments.withdraw_file(file.pk, actor=people.hsi_hq, reason="Again.")


def test_what_was_withdrawn_can_be_added_again(people: People):
    request = factories.request(people, "dea_intake")
    [file] = say(request, people.coordinator, "", MEMO).files
    comments.withdraw_file(file.pk, actor=people.coordinator, reason="Of another agent.")
    assert len(say(request, people.coordinator, "", MEMO).files) == 1


def test_entries_come_newest_last_with_their_files_in_two_queries(people: People, django_assert_num_queries):
    request = factories.request(people, "dea_intake")
    say(request, people.coordinator, "First.", MEMO)
    say(request, people.dea_hq, "", PHOTO)
    say(request, people.dea_hq, "Last.")
    with django_assert_num_queries(2):
        entries = comments.entries_on(request, people.coordinator)
    assert [(entry.text, [shown.file.name for shown in entry.files]) for entry in entries] == [
        ("First.", ["memo.pdf"]),
        ("", ["photo.png"]),
        ("Last.", []),
    ]
    assert entries[0].who == f"{people.coordinator.recorded_name}, HSI coordinator"
    assert [shown.may_withdraw for entry in entries for shown in entry.files] == [True, False]


CHANGES = [
    "UPDATE designation_comment SET text = 'other'",
    "DELETE FROM designation_comment",
    "TRUNCATE designation_comment CASCADE",
    "UPDATE designation_requestfile SET content = ''",
    "UPDATE designation_requestfile SET sha256 = 'x'",
    "DELETE FROM designation_requestfile",
    "UPDATE designation_requestfile SET withdrawn_at = now()",
]


@pytest.mark.parametrize("sql", CHANGES)
def test_the_database_refuses_to_change_what_was_said_or_attached(people: People, sql):
    say(factories.request(people, "dea_intake"), people.coordinator, "The memo.", MEMO)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_the_database_keeps_a_withdrawal_as_it_is(people: People):
    [file] = say(factories.request(people, "dea_intake"), people.coordinator, "", MEMO).files
    comments.withdraw_file(file.pk, actor=people.coordinator, reason="Of another agent.")
    with pytest.raises(DatabaseError, match="keeps the record"), transaction.atomic():
        RequestFile.objects.filter(pk=file.pk).update(withdrawn_why="Nothing.")


def test_a_file_keeps_the_type_and_the_hash_of_what_it_holds(people: People):
    request = factories.request(people, "dea_intake")
    [file] = say(request, people.coordinator, "", told_apart("memo.pdf", PDF)).files
    assert (file.content_type, file.size, file.sha256) == ("application/pdf", len(PDF), MEMO.sha256)
