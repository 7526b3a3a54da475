"""Which page of completions each role opens and what it sees there, and how many queries a page takes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse

from designation.models import Office
from tests.designation.rosters.files import csv_file
from tests.factories import AgentFactory
from tests.training.completion_data import HEADER, completion, entry, form, record
from tests.training.factories import Managers
from training.completions import uploads
from training.models import Completion, CompletionImport
from training.workflow import completions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("graded_module")]

LIST = "/training/completions/"
ROLES = ("coordinator", "other_coordinator", "hsi_hq", "dea_field", "dea_hq", "auditor", "operator", "supervisor")
EVERYBODY = {"completion_list"}
READERS = {"completion_imports", "completion_import"}


def pages(people: Managers) -> dict[str, str]:
    """Each page with its address; what is on them is of the coordinator's office."""
    agent = AgentFactory(office=people.coordinator.office, badge_number="K00123")
    found = completion(agent, people.hsi_manager, score=Decimal(91))
    file = record(
        entry(agent, score=Decimal(95)), actor=people.hsi_manager, file=CompletionImport(file_name="may.csv")
    ).file
    content = csv_file([HEADER, ["K00123", "JT-2009", "2024-05-03", "99"]])
    upload = uploads.start_upload(content, "june.csv", people.hsi_manager).pk
    return {
        name: reverse(f"training:{name}", args=arguments)
        for name, arguments in {
            "completion_list": [],
            "completion_add": [],
            "completion_detail": [found.pk],
            "completion_correct": [found.pk],
            "completion_withdraw": [found.pk],
            "completion_imports": [],
            "completion_import": [file.pk],
            "completion_take_back": [file.pk],
            "completion_upload": [],
            "completion_file": [upload],
            "completion_sheet": [upload],
            "completion_columns": [upload],
            "completion_rejected": [upload],
        }.items()
    }


@pytest.mark.parametrize("role", [*ROLES, "hsi_manager"])
def test_each_role_opens_its_pages_and_no_others(people: Managers, client, role):
    found = {}
    client.force_login(getattr(people, role))
    for name, url in pages(people).items():
        found[name] = client.get(url).status_code
    reads = role in {"hsi_hq", "dea_hq", "auditor", "hsi_manager"}
    sees_agent = reads or role in {"coordinator", "dea_field"}
    expected = dict.fromkeys(found, 200 if role == "hsi_manager" else 403)
    expected |= dict.fromkeys(EVERYBODY, 200) | dict.fromkeys(READERS, 200 if reads else 403)
    expected["completion_detail"] = 200 if sees_agent else 404
    assert found == expected


@pytest.mark.parametrize(
    "name", ["completion_record", "completion_correct", "completion_withdraw", "completion_take_back"]
)
def test_who_posts_what_his_pages_do_not_offer_is_refused(people: Managers, client, name):
    upload = pages(people)["completion_file"].rstrip("/").rpartition("/")[2]
    pk = {"completion_record": upload, "completion_take_back": CompletionImport.objects.get().pk}.get(
        name, Completion.objects.earliest("pk").pk
    )
    before = Completion.objects.count()
    for role in ROLES:
        client.force_login(getattr(people, role))
        response = client.post(reverse(f"training:{name}", args=[pk]), form(reason="x"))
        assert response.status_code == 403
    assert Completion.objects.count() == before
    assert not CompletionImport.objects.exclude(taken_back_at=None).exists()


def test_a_coordinator_sees_the_completions_of_his_office_alone(people: Managers, client):
    own = completion(AgentFactory(office=people.coordinator.office), people.hsi_manager, score=Decimal(91))
    other = completion(AgentFactory(office=Office.objects.get(code="HSI-DEN")), people.hsi_manager, score=Decimal(91))
    client.force_login(people.coordinator)
    page = client.get(LIST)
    assert own.agent.badge_number in page.text
    assert other.agent.badge_number not in page.text
    assert client.get(other.get_absolute_url()).status_code == 404


def test_the_list_is_filtered_and_marks_what_counts_no_more(people: Managers, manager):
    agent = AgentFactory(last_name="Stone", first_name="Lee")
    found = completion(agent, people.hsi_manager, score=Decimal(91))
    completion(AgentFactory(last_name="Moss"), people.hsi_manager, score=Decimal(91))
    completions.withdraw(found.pk, actor=people.hsi_manager, why="Wrong.")
    page = manager.get(f"{LIST}?text=sto+lee&module=JT-2009")
    assert "Does not count any more" in page.text
    assert "Withdrawn" in page.text
    assert "Moss" not in page.text
    assert "No completion fits" in manager.get(f"{LIST}?text=nobody").text


@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("completion_list", 9),
        ("completion_add", 5),
        ("completion_detail", 6),
        ("completion_correct", 5),
        ("completion_withdraw", 5),
        ("completion_imports", 6),
        ("completion_import", 9),
        ("completion_take_back", 8),
        ("completion_upload", 5),
        ("completion_file", 16),
        ("completion_columns", 5),
    ],
)
def test_each_page_asks_so_many_queries_however_much_is_on_it(
    people: Managers, manager, name, queries, django_assert_num_queries
):
    url = pages(people)[name]
    for agent in AgentFactory.create_batch(5):
        completion(agent, people.hsi_manager, score=Decimal(91))
    manager.get(url)
    with django_assert_num_queries(queries):
        assert manager.get(url).status_code == 200


def test_a_training_manager_is_told_that_another_corrects_what_is_his_own(people, manager):
    (own,) = record(entry(username=people.hsi_manager.username, score=Decimal(91)), actor=people.dea_manager).done
    page = manager.get(f"{LIST}{own}/").text
    assert completions.NOT_ONES_OWN in page
    assert reverse("training:completion_correct", args=[own]) not in page
