"""The list of completions: its filters, its order, its columns, who keeps views of it, and the list as a file."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.urls import reverse

from designation.models import Agent, Office, SavedView
from tests.designation.list_files import made, table_of
from tests.factories import AgentFactory
from tests.training.completion_data import DAY, completion, entry, in_force, record
from tests.training.factories import Managers
from training.lists.completions import COMPLETIONS
from training.models import Completion, CompletionImport
from training.workflow import completions

pytestmark = pytest.mark.django_db

LIST = reverse("training:completion_list")
EXPORT = reverse("designation:list_export", args=["completions"])
COLUMNS = reverse("designation:list_columns", args=["completions"])
KEEP = reverse("designation:view_keep", args=["completions"])
ALL = ",".join(column.name for column in COMPLETIONS.catalogue.columns)
STANDS = ("passed", "failed", "withdrawn", "corrected", "correction", "taken_back")


@pytest.fixture
def stand(people: Managers) -> dict[str, Completion]:
    """One completion for each way to stand."""
    in_force(people, pass_mark=80)
    manager = people.hsi_manager

    def one(score: int, **values) -> Completion:
        return completion(AgentFactory(), manager, score=Decimal(score), **values)

    wrong, never = one(91), one(92)
    file = CompletionImport(file_name="may.csv")
    (brought,) = record(entry(AgentFactory(), score=Decimal(95)), actor=manager, file=file).done
    completions.take_back(CompletionImport.objects.get().pk, actor=manager, why="The wrong file.")
    return {
        "passed": one(90, completed_on=DAY + timedelta(days=3)),
        "failed": one(50),
        "withdrawn": completions.withdraw(never.pk, actor=manager, why="Never took place."),
        "corrected": wrong,
        "correction": completions.correct(
            wrong.pk, actor=manager, why="Typed wrong.", completed_on=DAY, result="completed", score=Decimal(93)
        ),
        "taken_back": Completion.objects.get(pk=brought),
    }


def listed(client, query: str = "") -> list[Completion]:
    return client.get(f"{LIST}?{query}").context["rows"]


def named(stand: dict[str, Completion], found: list[Completion]) -> set[str]:
    names = {row.pk: name for name, row in stand.items()}
    return {names[row.pk] for row in found if row.pk in names}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("result=passed", {"passed", "correction"}),
        ("result=failed", {"failed"}),
        ("result=withdrawn", {"withdrawn"}),
        ("result=no-more", {"corrected", "taken_back"}),
        (f"since={DAY + timedelta(days=1)}", {"passed"}),
        (f"through={DAY}", set(STANDS) - {"passed"}),
        (f"since={DAY}&through={DAY}&result=failed", {"failed"}),
        ("module=JT-2009", set(STANDS)),
    ],
)
def test_they_are_filtered_by_result_day_and_module(client, people: Managers, stand, query, wanted):
    client.force_login(people.hsi_manager)
    assert named(stand, listed(client, query)) == wanted


@pytest.mark.parametrize("query", ["since=yesterday", "module=none", "result=splendid", "office=nowhere"])
def test_what_cannot_be_read_filters_nothing_and_says_so(client, people: Managers, stand, query):
    client.force_login(people.hsi_manager)
    page = client.get(f"{LIST}?{query}")
    assert named(stand, page.context["rows"]) == set(STANDS)
    assert "usa-error-message" in page.text


def test_days_that_end_before_they_begin_are_refused_in_words(client, people: Managers, stand):
    client.force_login(people.hsi_manager)
    page = client.get(f"{LIST}?since={DAY}&through={DAY - timedelta(days=1)}")
    assert "The days end before they begin" in page.text
    assert page.context["no_longer"] == [f"Completed through: {DAY - timedelta(days=1)}"]
    assert named(stand, page.context["rows"]) == set(STANDS)


def test_who_sees_many_offices_filters_by_office_also_the_users_of_it(client, people: Managers, stand):
    Agent.objects.filter(pk=stand["failed"].agent_id).update(office=Office.objects.get(code="HSI-DEN"))
    other = entry(username=people.other_coordinator.username, score=Decimal(91))
    (of_user,) = record(other, actor=people.dea_manager).done
    people.other_coordinator.office = Office.objects.get(code="HSI-DEN")
    people.other_coordinator.save()
    client.force_login(people.hsi_manager)
    assert {row.pk for row in listed(client, "office=HSI-DEN")} == {stand["failed"].pk, of_user}
    client.force_login(people.coordinator)
    assert 'name="office"' not in client.get(LIST).text


@pytest.mark.parametrize("typed", ["Peña", "pena", "zoe", "Pena, Zoë", "K00777"])
def test_a_person_is_found_by_name_however_written_or_by_badge_number(client, people: Managers, stand, typed):
    agent = AgentFactory(badge_number="K00777", last_name="Peña", first_name="Zoë")
    found = completion(agent, people.hsi_manager, score=Decimal(91))
    client.force_login(people.hsi_manager)
    assert [row.pk for row in listed(client, f"text={typed}")] == [found.pk]


def test_the_latest_recorded_comes_first_or_the_earliest(client, people: Managers, stand):
    client.force_login(people.hsi_manager)
    keys = [row.pk for row in listed(client)]
    assert keys == sorted(keys, reverse=True)
    assert [row.pk for row in listed(client, "sort=recorded")] == keys[::-1]


def test_pages_follow_each_other_by_the_place_of_their_last_row(client, people: Managers, stand, monkeypatch):
    monkeypatch.setattr("training.views.completions.PER_PAGE", 4)
    client.force_login(people.hsi_manager)
    first = client.get(LIST)
    after = first.context["page"].next
    second = client.get(f"{LIST}?after={after}")
    keys = [row.pk for page in (first, second) for row in page.context["rows"]]
    assert keys == list(Completion.objects.order_by("-pk").values_list("pk", flat=True))


def test_every_column_can_be_shown(client, people: Managers, stand):
    client.force_login(people.hsi_manager)
    page = client.get(f"{LIST}?columns={ALL}")
    assert [head["label"] for head in page.context["heads"]] == [c.label for c in COMPLETIONS.catalogue.columns]
    assert "may.csv" in page.text
    assert "Does not count any more" in page.text


def test_a_view_is_kept_and_opens_first(client, people: Managers, stand):
    client.force_login(people.hsi_manager)
    assert client.get(COLUMNS).status_code == 200
    client.post(f"{KEEP}?result=failed&columns=person,score", {"name": "Failed", "opens_first": "on"})
    view = SavedView.objects.get()
    page = client.get(LIST, follow=True)
    assert page.redirect_chain == [(view.url, 302)]
    assert named(stand, page.context["rows"]) == {"failed"}
    assert "Failed, and counts" in client.get(reverse("designation:view_list")).text


def test_those_who_see_their_own_alone_are_offered_neither_views_nor_files(client, people: Managers, stand):
    (own,) = record(entry(username=people.supervisor.username, score=Decimal(91)), actor=people.dea_manager).done
    client.force_login(people.supervisor)
    page = client.get(LIST)
    assert [row.pk for row in page.context["rows"]] == [own]
    assert "Keep this view" not in page.text
    assert [client.get(url).status_code for url in (EXPORT, COLUMNS, KEEP)] == [403] * 3


class TestExport:
    pytestmark = pytest.mark.django_db(transaction=True)

    @pytest.fixture(autouse=True)
    def folder(self, settings, tmp_path) -> Path:
        settings.EXPORT_FOLDER = tmp_path
        return tmp_path

    @pytest.mark.parametrize("query", ["", "result=no-more", f"through={DAY}", "text=Vandersloot&sort=recorded"])
    def test_the_file_has_the_rows_of_the_page_in_its_order(self, client, people: Managers, stand, query):
        client.force_login(people.hsi_manager)
        shown = [(row.person_key, row.percent.removesuffix(" %")) for row in listed(client, query)]
        assert shown
        table = table_of(made(client, f"{EXPORT}?{query}"))
        assert [(row["Badge number or username"], row["Score"]) for row in table] == shown

    def test_its_cells_say_what_the_page_says(self, client, people: Managers, stand):
        client.force_login(people.hsi_manager)
        table = {row["Score"]: row for row in table_of(made(client, f"{EXPORT}?columns={ALL}&sort=recorded"))}
        taken_back, passed = table["95"], table["90"]
        assert list(passed) == [column.label for column in COMPLETIONS.catalogue.columns]
        agent = stand["passed"].agent
        assert passed["Person"] == f"{agent.last_name}, {agent.first_name}"
        assert (passed["Office"], passed["Module"], passed["Counts"]) == (agent.office.code, "JT-2009", "Yes")
        assert (passed["Result"], passed["Source"], passed["File"]) == ("Passed", "By hand", "")
        assert (taken_back["Counts"], taken_back["File"]) == ("No", "may.csv")
        assert taken_back["Result"] == "Passed, does not count any more"
        assert passed["Date completed"] == str(stand["passed"].completed_on)

    def test_a_workbook_has_scores_as_numbers(self, client, people: Managers, stand):
        from openpyxl import load_workbook

        from audit.exports import orders

        client.force_login(people.hsi_manager)
        sheet = load_workbook(orders.path_of(made(client, f"{EXPORT}?columns=person,score", "xlsx"))).worksheets[0]
        assert {type(row[1]) for row in sheet.iter_rows(min_row=2, values_only=True)} <= {int, float}

    def test_nobody_exports_what_he_may_not_see(self, client, people: Managers, stand):
        client.force_login(people.other_coordinator)
        assert table_of(made(client, EXPORT)) == []

    def test_it_is_on_record_with_what_was_asked(self, client, people: Managers, stand):
        client.force_login(people.auditor)
        file = made(client, f"{EXPORT}?result=failed&columns=person")
        assert file.what == "list of completions"
        assert file.manifest["filters"] == {
            "asked": {"result": "failed"},
            "sort": "",
            "columns": ["person"],
            "in_words": {"Result": "Failed, and counts", "Columns": "Person"},
        }
        assert file.manifest["row_count"] == 1
