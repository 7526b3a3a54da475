"""Lists are declared: an app that designation does not know adds its own through the settings."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from designation.fields import Form
from designation.lists.columns import Catalogue, ListColumn
from designation.lists.kinds import ListKind, kinds
from designation.models import Office, Role, SavedView
from tests.factories import People

pytestmark = pytest.mark.django_db


class NoFilters(Form):
    def __init__(self, data: Any, *, user: Any) -> None:
        super().__init__(data)


MODULES = ListKind(
    name="modules",
    label="Modules",
    row="module",
    url_name="training:overview",
    roles=(Role.TRAINING_MANAGER,),
    form=NoFilters,
    find=lambda _user, **_filters: Office.objects.all(),
    catalogue=Catalogue((ListColumn("code", "Code"), ListColumn("title", "Title"))),
    default_columns=lambda _user: ["code"],
)


@pytest.fixture
def another_list(settings):
    settings.DESIGNATION_LISTS = [*settings.DESIGNATION_LISTS, f"{__name__}.MODULES"]
    kinds.cache_clear()
    yield
    kinds.cache_clear()


def test_its_columns_are_chosen_and_its_views_kept_by_those_who_open_it(people: People, client, another_list):
    keep = reverse("designation:view_keep", args=["modules"])
    client.force_login(people.training_manager)
    assert client.get(reverse("designation:list_columns", args=["modules"])).status_code == 200
    client.post(f"{keep}?columns=code,title", {"name": "With titles"})
    view = SavedView.objects.get()
    assert view.url == f"{MODULES.url}?columns=code%2Ctitle&view={view.pk}"
    assert "Code, Title" in client.get(reverse("designation:view_list")).text
    client.force_login(people.coordinator)
    assert client.get(keep).status_code == 403


def test_it_is_exported_once_the_settings_say_what_gives_its_rows(people: People, client, another_list):
    client.force_login(people.training_manager)
    assert client.get(reverse("designation:list_export", args=["modules"])).status_code == 404


def test_a_view_of_a_list_that_is_gone_is_kept_and_breaks_no_page(people: People, client):
    SavedView.objects.create(owner=people.coordinator, list="modules", name="With titles")
    client.force_login(people.coordinator)
    assert client.get(reverse("designation:view_list")).status_code == 200
    assert SavedView.objects.exists()


@pytest.mark.parametrize("name", ["list_columns", "view_keep", "list_export"])
def test_a_list_that_there_is_not_is_not_found(people: People, client, name):
    client.force_login(people.auditor)
    assert client.get(reverse(f"designation:{name}", args=["modules"])).status_code == 404


@pytest.mark.parametrize("name", ["requests", "designations", "agents"])
def test_training_managers_open_no_list_of_designation(people: People, client, name):
    client.force_login(people.training_manager)
    assert client.get(reverse("designation:view_keep", args=[name])).status_code == 403
    assert client.get(reverse("designation:list_export", args=[name])).status_code == 403
