"""What stands around every page: title, notices, navigation by role, messages, error pages."""

import json
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views import defaults
from pytest_django.asserts import assertContains, assertInHTML

from config.navigation import NAVIGATION, navigation_for
from designation.models import Office, Role, User
from tests.factories import People

GALLERY = "tests.templates.gallery"


def user_with(role: Role, agency: str) -> User:
    office = Office(agency_id=agency, name="Miami")
    return User(username="ana", first_name="Ana", last_name="Rivera", roles=[role], office=office)


def labels(user: User) -> list[str]:
    return [item["label"] for item in navigation_for(user, "/")]


@pytest.mark.urls(GALLERY)
class TestPage:
    def test_title_ends_with_the_name_of_the_system(self, client: Client):
        assertInHTML("<title>Gallery · Title 21 cross-designation</title>", client.get("/").text)

    def test_title_of_a_page_with_errors_begins_with_error(self, client: Client):
        assertInHTML("<title>Error: Gallery · Title 21 cross-designation</title>", client.post("/").text)

    def test_htmx_may_neither_evaluate_nor_leave_the_site(self, client: Client):
        config = re.search(r"name=\"htmx-config\" content='([^']+)'", client.get("/").text)
        assert config
        assert json.loads(config[1]) == {
            "includeIndicatorStyles": False,
            "allowEval": False,
            "allowScriptTags": False,
            "selfRequestsOnly": True,
        }

    def test_nothing_is_inline(self, client: Client):
        html = client.post("/").text
        assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", html)

    def test_good_news_is_a_status_and_bad_news_an_alert(self, client: Client):
        html = client.get("/").text
        assert re.search(r'usa-alert--success" role="status">\s*.*Three requests filed', html)
        assert re.search(r'usa-alert--error" role="alert">\s*.*One request was refused', html)

    def test_demo_data_are_said_to_be_invented(self, client: Client, settings):
        settings.DEMO = True
        settings.OFFICIAL_SITE = True
        response = client.get("/")
        assertContains(response, "Every person and request shown here is invented.")
        assert "An official website" not in response.text

    def test_the_government_banner_shows_only_where_it_is_set(self, client: Client, settings):
        settings.DEMO = False
        assert "An official website" not in client.get("/").text
        settings.OFFICIAL_SITE = True
        response = client.get("/")
        assertContains(response, "An official website of the United States government")
        assert "invented" not in response.text

    def test_who_is_not_signed_in_gets_no_navigation(self, client: Client):
        assert "usa-nav__primary" not in client.get("/").text


@pytest.mark.urls(GALLERY)
def test_the_header_names_the_user_and_signs_out_by_post(rf: RequestFactory, people: People):
    request = rf.get("/")
    request.user = people.coordinator
    html = render_to_string("base.html", request=request)
    assert f"{people.coordinator.get_full_name()}</strong><br>SAC Miami" in html
    assert '<form method="post" action="/accounts/logout/"><input type="hidden" name="csrfmiddlewaretoken"' in html


class TestNavigation:
    def test_a_coordinator_files_and_does_not_decide(self):
        found = labels(user_with(Role.COORDINATOR, "HSI"))
        assert "File a request" in found
        assert "Decide" not in found

    def test_a_reviewer_decides_and_does_not_file(self):
        found = labels(user_with(Role.DEA_FIELD, "DEA"))
        assert "Decide" in found
        assert "File a request" not in found

    def test_who_keeps_training_finds_the_reports_on_it(self):
        found = labels(user_with(Role.TRAINING_MANAGER, "HSI"))
        assert {"Reports", "Processing times"} <= set(found)
        assert "Requests" not in found

    def test_a_user_without_roles_finds_home_training_and_notices_alone(self):
        assert labels(User(username="new")) == ["Home", "Training", "Notices"]

    def test_the_page_in_view_is_marked(self):
        items = navigation_for(user_with(Role.AUDITOR, ""), reverse("home"))
        assert [item["label"] for item in items if item["current"]] == ["Home"]

    @pytest.mark.parametrize("item", NAVIGATION, ids=lambda item: item.label)
    def test_each_link_leads_to_a_page(self, item):
        assert reverse(item.url_name).startswith("/")


def bad_request(request: HttpRequest) -> object:
    return defaults.bad_request(request, ValueError())


def forbidden(request: HttpRequest) -> object:
    return defaults.permission_denied(request, ValueError())


def missing(request: HttpRequest) -> object:
    return defaults.page_not_found(request, ValueError())


class TestErrorPages:
    @pytest.mark.parametrize(
        ("view", "status", "heading"),
        [
            (bad_request, 400, "The request could not be read"),
            (forbidden, 403, "You may not open this page"),
            (missing, 404, "Page not found"),
            (defaults.server_error, 500, "Something went wrong"),
        ],
    )
    def test_each_says_what_happened_and_leads_home(self, rf: RequestFactory, view, status, heading):
        request = rf.get("/")
        request.user = AnonymousUser()
        response = view(request)
        assertContains(response, f"<h1>{heading}</h1>", status_code=status)
        assertContains(response, '<a class="usa-link" href="/">Go to the home page</a>', status_code=status)

    @pytest.mark.urls(GALLERY)
    def test_a_form_from_a_stale_page_is_told_what_to_do(self):
        response = Client(enforce_csrf_checks=True).post("/accounts/login/", {})
        assertContains(response, "<h1>Your form was not accepted</h1>", status_code=403)

    def test_the_lockout_page_says_how_long_to_wait(self):
        html = render_to_string("registration/locked_out.html", {"cooloff_timedelta": timedelta(minutes=15)})
        assert "Wait 15 minutes after the last attempt" in html
