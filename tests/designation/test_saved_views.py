"""Views of lists that people keep: made, opened, changed, replaced, deleted, shared, and when they no longer fit."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from designation.lists import saved_views
from designation.models import SavedView
from tests import factories
from tests.factories import People

pytestmark = pytest.mark.django_db

LIST = reverse("designation:request_list")
KEEP = reverse("designation:view_keep", args=["requests"])
MINE = reverse("designation:view_list")


def view_of(user: Any, name: str = "Late ones", of: str = "requests", **settings: Any) -> SavedView:
    asked = settings.pop("asked", {"clock": "late", "sort": "due", "columns": "number,due"})
    return saved_views.keep(user, of, name, asked, **settings)


def test_what_the_list_shows_is_kept_and_nothing_of_the_page_one_was_on(people: People, client):
    client.force_login(people.coordinator)
    address = "state=open&text=&sort=due&columns=number,due&after=xyz&count=all"
    response = client.post(f"{KEEP}?{address}", {"name": "Open by due time"})
    view = SavedView.objects.get()
    assert view.asked == {"state": "open", "sort": "due", "columns": "number,due"}
    assert (view.owner, view.name, response.url) == (people.coordinator, "Open by due time", view.url)


def test_what_is_so_without_being_asked_for_is_not_kept(people: People, client):
    client.force_login(people.auditor)
    usual = "number,agent,office,kind,priority,state,age,due"
    client.post(f"{KEEP}?sort=-age&columns={usual}", {"name": "As usual"})
    assert SavedView.objects.get().asked == {}


def test_the_list_links_the_views_and_says_which_one_is_shown(people: People, client):
    late, other = view_of(people.coordinator), view_of(people.coordinator, "Drafts", asked={"state": "draft"})
    client.force_login(people.coordinator)
    page = client.get(late.url)
    assert page.context["view"] == late
    assert f'aria-current="page">{late.name}</a>' in page.text
    assert f">{other.name}</a>" in page.text
    assert "(changed)" not in page.text


def test_a_view_is_still_the_one_shown_after_a_filter_was_added_and_says_that_it_is_changed(people: People, client):
    view = view_of(people.coordinator)
    client.force_login(people.coordinator)
    page = client.get(f"{view.url}&kind=initial")
    assert (page.context["view"], page.context["view_changed"]) == (view, True)


def test_the_filter_form_sends_the_usual_order_and_that_changes_no_view(people: People, client):
    view = view_of(people.coordinator, asked={"state": "open"})
    client.force_login(people.coordinator)
    page = client.get(f"{LIST}?state=open&kind=&text=&sort=-age&view={view.pk}")
    assert page.context["view_changed"] is False


class TestNames:
    def test_a_name_is_of_one_view_of_a_person_and_list(self, people: People, client):
        view_of(people.coordinator, "Late ones")
        client.force_login(people.coordinator)
        page = client.post(f"{KEEP}?state=open", {"name": "late ONES"})
        assert "You have a view “Late ones” of this list" in page.text
        assert 'value="late ONES"' in page.text
        assert SavedView.objects.count() == 1

    def test_another_list_and_another_person_may_have_it_too(self, people: People):
        view_of(people.coordinator)
        view_of(people.coordinator, of="agents", asked={"text": "Lee"})
        view_of(people.other_coordinator)
        assert SavedView.objects.count() == 3

    def test_the_database_refuses_a_second_one(self, people: People):
        view_of(people.coordinator, "Late ones")
        with pytest.raises(IntegrityError, match="savedview_name_once"), transaction.atomic():
            SavedView.objects.create(owner=people.coordinator, list="requests", name="LATE ONES")

    def test_without_a_name_nothing_is_kept(self, people: People, client):
        client.force_login(people.coordinator)
        page = client.post(f"{KEEP}?state=open", {"name": " "})
        assert "name" in page.context["form"].errors
        assert not SavedView.objects.exists()

    def test_there_is_an_end_to_how_many(self, people: People, monkeypatch):
        monkeypatch.setattr(saved_views, "MOST", 1)
        view_of(people.coordinator)
        with pytest.raises(ValidationError, match="You have 1 views"):
            view_of(people.coordinator, "Another")


class TestOpensFirst:
    def test_the_bare_list_leads_to_it(self, people: People, client):
        view = view_of(people.coordinator, opens_first=True)
        client.force_login(people.coordinator)
        assert client.get(LIST).url == view.url

    def test_an_address_that_asks_for_anything_does_not(self, people: People, client):
        view_of(people.coordinator, opens_first=True)
        client.force_login(people.coordinator)
        for address in (f"{LIST}?state=open", f"{LIST}?view=all"):
            assert client.get(address).status_code == 200

    def test_the_whole_list_stays_one_click_away(self, people: People, client):
        view = view_of(people.coordinator, opens_first=True)
        client.force_login(people.coordinator)
        assert client.get(view.url).context["everything_url"] == f"{LIST}?view=all"

    def test_another_one_takes_its_place(self, people: People):
        first = view_of(people.coordinator, opens_first=True)
        second = view_of(people.coordinator, "Drafts", opens_first=True)
        assert list(SavedView.objects.filter(opens_first=True)) == [second]
        assert first.list == second.list

    def test_what_a_colleague_shares_does_not_open_first_for_others(self, people: People, client):
        view_of(people.coordinator, opens_first=True, shared=True)
        client.force_login(factories.user("coordinator", "HSI-MIA"))
        assert client.get(LIST).status_code == 200


class TestChanging:
    def test_it_is_renamed(self, people: People, client):
        view = view_of(people.coordinator)
        client.force_login(people.coordinator)
        client.post(reverse("designation:view_change", args=[view.pk]), {"name": "What is late"})
        assert SavedView.objects.get().name == "What is late"

    def test_a_name_that_is_taken_is_refused_and_what_was_typed_stays(self, people: People, client):
        view = view_of(people.coordinator)
        view_of(people.coordinator, "Drafts")
        client.force_login(people.coordinator)
        page = client.post(reverse("designation:view_change", args=[view.pk]), {"name": "Drafts"})
        assert 'value="Drafts"' in page.text
        assert SavedView.objects.get(pk=view.pk).name == "Late ones"

    def test_it_is_replaced_and_keeps_its_name(self, people: People, client):
        view = view_of(people.coordinator, opens_first=True)
        client.force_login(people.coordinator)
        client.post(f"{KEEP}?state=draft&view={view.pk}", {"replaces": view.pk, "name": ""})
        kept = SavedView.objects.get()
        assert (kept.name, kept.asked, kept.opens_first) == ("Late ones", {"state": "draft"}, True)

    def test_one_that_was_deleted_meanwhile_is_said_to_be_gone(self, people: People, client):
        view_of(people.coordinator)
        client.force_login(people.coordinator)
        page = client.post(f"{KEEP}?state=draft", {"replaces": 0, "name": ""})
        assert "That view is gone." in page.text
        assert not SavedView.objects.filter(asked={"state": "draft"}).exists()

    def test_the_view_that_is_shown_is_offered_to_be_replaced(self, people: People, client):
        view = view_of(people.coordinator)
        client.force_login(people.coordinator)
        page = client.get(f"{KEEP}?state=draft&view={view.pk}")
        assert f'<option value="{view.pk}" selected>' in page.text

    def test_it_is_deleted_once_that_is_confirmed(self, people: People, client):
        view = view_of(people.coordinator)
        client.force_login(people.coordinator)
        url = reverse("designation:view_delete", args=[view.pk])
        assert "It cannot be brought back" in client.get(url).text
        assert SavedView.objects.exists()
        client.post(url)
        assert not SavedView.objects.exists()

    @pytest.mark.parametrize("name", ["view_change", "view_delete"])
    def test_nobody_but_its_owner_changes_it(self, people: People, client, name):
        view = view_of(people.coordinator, shared=True)
        client.force_login(factories.user("coordinator", "HSI-MIA"))
        assert client.post(reverse(f"designation:{name}", args=[view.pk]), {"name": "Mine"}).status_code == 404
        assert SavedView.objects.get().name == "Late ones"

    def test_the_one_way_in_refuses_others_too(self, people: People):
        view = view_of(people.coordinator)
        with pytest.raises(PermissionDenied):
            saved_views.delete(view, by=people.hsi_hq)


class TestSharing:
    def test_colleagues_of_the_office_find_it_and_see_what_they_may(self, people: People, client):
        view = view_of(people.coordinator, shared=True)
        client.force_login(factories.user("coordinator", "HSI-MIA"))
        assert f'href="{view.url.replace("&", "&amp;")}"' in client.get(LIST).text

    def test_other_offices_do_not(self, people: People, client):
        view_of(people.coordinator, shared=True)
        client.force_login(people.other_coordinator)
        assert not client.get(LIST).context["views"]

    def test_only_coordinators_share(self, people: People, client):
        client.force_login(people.hsi_hq)
        assert 'name="shared"' not in client.get(KEEP).text
        with pytest.raises(PermissionDenied):
            view_of(people.hsi_hq, shared=True)


class TestWhatNoLongerFits:
    @pytest.fixture
    def view(self, people: People, client) -> SavedView:
        factories.request(people, "hsi_review")
        client.force_login(people.auditor)
        asked = {"state": "escalated", "kind": "initial", "sort": "mood", "columns": "number,mood"}
        return view_of(people.auditor, asked=asked)

    def test_the_list_says_what_and_shows_the_rest(self, view, client):
        page = client.get(view.url)
        assert page.context["no_longer"] == ["State: escalated", "Column: mood", "Order: mood"]
        assert "Part of the view “Late ones” no longer fits this list" in page.text
        assert len(page.context["items"]) == 1

    def test_the_view_loses_nothing(self, view, client):
        before = view.asked
        client.get(view.url)
        client.get(MINE)
        view.refresh_from_db()
        assert view.asked == before

    def test_it_says_so_among_my_views_too(self, view, client):
        assert "Part of it no longer fits the list" in client.get(MINE).text


def test_a_filter_of_other_roles_is_named_where_the_list_is_shown_without_it(people: People, client):
    client.force_login(people.coordinator)
    assert client.get(f"{LIST}?office=HSI-TPA").context["no_longer"] == ["HSI office: HSI-TPA"]


def test_a_bulk_act_on_all_pages_of_a_view_takes_what_the_view_shows(people: People, client):
    wanted = factories.requests(people, "hsi_review", count=2, priority="expedited")
    factories.request(people, "hsi_review")
    view = view_of(people.hsi_hq, "Urgent", asked={"priority": "expedited", "columns": "number,due"})
    client.force_login(people.hsi_hq)
    assert client.get(view.url).context["selectable_in_all"].number == 2
    query = urlsplit(view.url).query
    address = f"{reverse('designation:bulk_preview')}?{query}"
    preview = client.post(address, {"act": "endorse", "everything": "on"})
    assert {row.pk for row in preview.context["done"]} == {row.pk for row in wanted}
    assert "Endorse: 2 requests" in preview.text
    assert parse_qs(urlsplit(preview.context["cancel_url"]).query) == parse_qs(query)


def test_a_person_with_many_views_costs_the_list_no_more(people: People, client, django_assert_num_queries):
    factories.request(people, "hsi_review")
    client.force_login(people.hsi_hq)
    for count in (1, 10):
        for number in range(count):
            view_of(people.hsi_hq, f"{count}-{number}")
        with django_assert_num_queries(11):
            client.get(LIST)


def test_my_views_cost_the_same_queries_for_1_and_for_11_views(people: People, client, django_assert_num_queries):
    client.force_login(people.hsi_hq)
    for count in (1, 10):
        for number in range(count):
            view_of(people.hsi_hq, f"{count}-{number}", asked={"office": "HSI-MIA"})
        with django_assert_num_queries(6):
            client.get(MINE)
