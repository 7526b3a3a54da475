"""Who may open which address: every address of the project, for every role.

The admin has its own tests, and training its own table, in tests/training/test_pages_access.py; what stands here of it
is the dispute on a request.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from audit import exports
from audit.models import Job
from designation import comments, jobs
from designation.files import told_apart
from designation.lists import saved_views
from designation.models import Agent, Notice, Request, RosterUpload
from designation.rosters import uploads
from tests import factories
from tests.designation.sample_files import PDF
from tests.factories import People
from tests.training.factories import dispute

pytestmark = pytest.mark.django_db

ROLES = (
    "coordinator",
    "other_coordinator",
    "hsi_hq",
    "dea_field",
    "other_dea_field",
    "dea_hq",
    "auditor",
    "operator",
    "supervisor",
    "training_manager",
)
EVERYBODY = dict.fromkeys(ROLES, 200)
READERS = dict.fromkeys(("coordinator", "other_coordinator", "hsi_hq", "dea_field", "other_dea_field"), 200) | {
    "dea_hq": 200,
    "auditor": 200,
}
ONE_REQUEST = READERS | {"other_coordinator": 404, "other_dea_field": 404}
FILERS = {"coordinator": 200, "other_coordinator": 200, "hsi_hq": 200}
OWN_OFFICE = FILERS | {"other_coordinator": 404}
LOOK_UPS = READERS | {"supervisor": 200}
REPORTS = READERS | {"training_manager": 200}
# Of a dispute or comments on a request: who speaks for a side, and who may read it only.
SIDES = ONE_REQUEST | {"auditor": 403}
OWN_EXPORT = dict.fromkeys([*READERS, "training_manager"], 404) | {"coordinator": 200}
OWN_JOB = dict.fromkeys(ROLES, 404) | {"coordinator": 200, "auditor": 200}
OWN_VIEW = dict.fromkeys([*READERS, "training_manager"], 404) | {"coordinator": 200}
POSTED = {"coordinator": 302, "other_coordinator": 404, "hsi_hq": 302}

# Name -> role -> status of a GET, or of a POST where the address takes no GET. Who is not named gets 403.
# The request has been transmitted to DEA, so that editing, answering and submitting it lead back to its page.
EXPECTED: dict[str, dict[str, int]] = {
    "home": EVERYBODY,
    "designation:request_list": READERS,
    "designation:request_detail": ONE_REQUEST,
    "designation:request_create": FILERS,
    "designation:request_details": FILERS,
    "designation:request_begun": FILERS,
    "designation:request_edit": POSTED,
    "designation:request_check": POSTED,
    "designation:request_submitted": POSTED,
    "designation:request_answer": POSTED,
    "designation:request_act": OWN_OFFICE,
    "designation:request_comment": SIDES,
    "designation:request_file": ONE_REQUEST,
    "designation:file_withdraw": SIDES | {"dea_field": 403, "dea_hq": 403},
    "designation:list_columns": READERS,
    "designation:list_export": READERS,
    "designation:view_keep": READERS,
    "designation:view_list": REPORTS,
    "designation:view_change": OWN_VIEW,
    "designation:view_delete": OWN_VIEW,
    "designation:bulk_preview": dict.fromkeys(FILERS, 404),  # no act named
    "designation:bulk_act": {"hsi_hq": 302},
    "designation:bulk_result": dict.fromkeys(FILERS, 302),
    "designation:roster_upload": FILERS,
    "designation:roster": OWN_OFFICE,
    "designation:roster_sheet": OWN_OFFICE,
    "designation:roster_columns": OWN_OFFICE,
    "designation:roster_file": POSTED,
    "designation:roster_rejected": OWN_OFFICE,
    "designation:agent_list": READERS,
    "designation:agent_detail": ONE_REQUEST | {"training_manager": 200},
    "designation:agent_add": FILERS,
    "designation:agent_edit": OWN_OFFICE,
    "designation:agent_active": POSTED,
    "designation:designation_list": READERS,
    "designation:designation_act": OWN_OFFICE,
    "designation:look_up": LOOK_UPS,
    "designation:look_up_several": LOOK_UPS,
    "designation:look_up_csv": LOOK_UPS,  # with no badge number: the form again
    "api:designations": dict.fromkeys(ROLES, 401),  # other systems sign in with their keys
    "designation:notice_list": EVERYBODY,
    "designation:notice_settings": EVERYBODY,
    "designation:home_seen": dict.fromkeys(ROLES, 302),
    "designation:job_list": EVERYBODY,
    "designation:job": OWN_JOB,
    "designation:job_refused": OWN_JOB,
    "designation:job_cancel": dict.fromkeys(ROLES, 404) | {"coordinator": 302},
    "designation:help": EVERYBODY,
    "designation:help_guide": EVERYBODY,
    "designation:help_glossary": EVERYBODY,
    "designation:notices_read": dict.fromkeys(ROLES, 302),
    "designation:notice_read": dict.fromkeys(ROLES, 404) | {"coordinator": 302},
    "training:dispute_list": READERS | {"training_manager": 200},
    "training:dispute": ONE_REQUEST | {"training_manager": 200},
    "training:dispute_open": SIDES | {"training_manager": 404},
    "training:dispute_act": SIDES,
    "audit:timeliness": REPORTS,
    "audit:returns": REPORTS,
    "audit:process_map": REPORTS,
    "audit:behind": REPORTS,
    "audit:trail": ONE_REQUEST | {"training_manager": 404},
    "audit:picture": REPORTS,
    "audit:table_csv": REPORTS,
    "audit:report_file": REPORTS,
    "audit:processing_times": REPORTS,
    "audit:processing_times_csv": REPORTS,
    "audit:data_dictionary": REPORTS,
    "audit:export_list": REPORTS,
    "audit:export_detail": OWN_EXPORT,
    "audit:export_download": OWN_EXPORT | {"coordinator": 404},  # not made yet
    "audit:export_manifest": OWN_EXPORT | {"coordinator": 404},
    "audit:schedule_list": {"auditor": 200},
    "login": EVERYBODY,
    "logout": dict.fromkeys(ROLES, 302),
    "password_change": EVERYBODY,
    "password_change_done": EVERYBODY,
    "password_reset": EVERYBODY,
    "password_reset_done": EVERYBODY,
    "password_reset_confirm": EVERYBODY,
    "password_reset_complete": EVERYBODY,
}
POST_ONLY = {
    "designation:request_begun",
    "designation:bulk_preview",
    "designation:bulk_act",
    "designation:roster_file",
    "designation:agent_active",
    "designation:home_seen",
    "designation:job_cancel",
    "designation:look_up_csv",
    "designation:notices_read",
    "designation:notice_read",
    "logout",
}
# Where a browser that comes to them by address is led, as after signing in, with word that nothing was done.
LED_TO = {
    "designation:bulk_preview": "/requests/?priority=expedited",
    "designation:bulk_act": "/requests/?priority=expedited",
    "designation:request_begun": "/requests/new/",
    "designation:roster_file": "/rosters/{roster}/",
    "designation:agent_active": "/agents/{agent}/",
    "designation:look_up_csv": "/lookup/several/",
    "designation:home_seen": "/",
    "designation:job_cancel": "/jobs/{job}/",
    "designation:notices_read": "/notices/",
    "designation:notice_read": "/notices/",
    "logout": "/",
}
OPEN_TO_ALL = {name for name in EXPECTED if name.startswith("password_reset")} | {"login", "api:designations"}


def addresses(resolver: Any = None, namespace: str = "") -> Iterator[str]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}"
        elif isinstance(entry, URLResolver) and entry.namespace not in {"admin", "training"}:
            yield from addresses(entry, f"{entry.namespace}:" if entry.namespace else namespace)


@pytest.fixture
def arguments(people: People) -> dict[str, Any]:
    """What stands in the addresses, all of the coordinator's office."""
    request = factories.request(people, "dea_intake")
    office = people.coordinator.office
    content = b"Badge number,Last name,First name,Justification\n00991,Stone,Lee,Port cases\n"
    upload = uploads.start_upload(content, "roster.csv", office, people.coordinator)
    notice = Notice.objects.create(recipient=people.coordinator, transition="approve", title="Approved", numbers=[])
    return {
        "number": request.number,
        "agent": request.agent_id,
        "designation": factories.request(people, "approved").designation.number,
        "roster": upload.pk,
        "notice": notice.pk,
        "dispute": dispute(request, people.coordinator).number,
        "file": comments.add(request.pk, actor=people.coordinator, files=[told_apart("memo.pdf", PDF)]).files[0].pk,
        "job": _job(people).key,
        "view": saved_views.keep(people.coordinator, "requests", "Late", {"clock": "late"}).pk,
        "export": exports.begin(
            exports.processing_times("request", user=people.coordinator), format="csv", owner=people.coordinator
        ).key,
    }


def _job(people: People) -> Job:
    act = {"versions": {}, "left_out": [], "reason": "Unit dissolved.", "back": "/requests/"}
    return jobs.order_acts("requests", "withdraw", owner=people.coordinator, title="Withdraw", **act)


def address(name: str, arguments: dict[str, Any]) -> str:
    page = name.removeprefix("designation:")
    if page in {"audit:export_detail", "audit:export_download", "audit:export_manifest"}:
        return reverse(name, args=[arguments["export"]])
    if page == "training:dispute":
        return reverse(name, args=[arguments["dispute"]])
    if page == "training:dispute_act":
        return reverse(name, args=[arguments["dispute"], "propose"])
    if page == "training:dispute_open":
        return reverse(name, args=["request", arguments["number"]])
    if page in {"job", "job_cancel", "job_refused"}:
        return reverse(name, args=[arguments["job"]])
    if page in {"request_file", "file_withdraw"}:
        return reverse(name, args=[arguments["file"]])
    if page == "request_act":
        return reverse(name, args=[arguments["number"], "withdraw"])
    if page == "designation_act":
        return reverse(name, args=[arguments["designation"], "relinquish"])
    if page == "audit:trail":
        return reverse(name, args=[arguments["number"]])
    if page in {"audit:picture", "audit:table_csv"}:
        return reverse(name, args=["map"])
    if page == "audit:report_file":
        return reverse(name, args=["returns", "xlsx"])
    if page == "bulk_result":
        return reverse(name, args=["none-kept"])
    if page == "bulk_act":
        return reverse(name, args=["endorse"])
    if page == "password_reset_confirm":
        return reverse(name, args=["MQ", "token"])
    if page in {"list_columns", "list_export", "view_keep"}:
        return reverse(name, args=["requests"])
    if page in {"view_change", "view_delete"}:
        return reverse(name, args=[arguments["view"]])
    if page in {"request_list", "request_create", "request_details", "request_begun"}:
        return reverse(name)
    if page.startswith("request_"):
        return reverse(name, args=[arguments["number"]])
    if page in {"agent_detail", "agent_edit", "agent_active"}:
        return reverse(name, args=[arguments["agent"]])
    if page == "help_guide":
        return reverse(name, args=["coordinator"])
    if page == "notice_read":
        return reverse(name, args=[arguments["notice"]])
    if page.startswith("roster") and page != "roster_upload":
        return reverse(name, args=[arguments["roster"]])
    return reverse(name)


def test_every_address_of_the_project_is_in_the_table():
    assert set(addresses()) == {name for name in EXPECTED if not name.startswith("training:")}


@pytest.mark.django_db(transaction=True)  # a report's file is of one snapshot, which begins a transaction of its own
@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_its_addresses_and_no_others(people: People, arguments, role):
    client = Client()
    found = {}
    for name in EXPECTED:
        client.force_login(getattr(people, role), backend="django.contrib.auth.backends.ModelBackend")
        send = client.post if name in POST_ONLY else client.get
        found[name] = send(address(name, arguments)).status_code
    assert found == {name: roles.get(role, 403) for name, roles in EXPECTED.items()}


def test_who_is_not_signed_in_is_sent_to_sign_in(people: People, arguments):
    client = Client()
    for name in sorted(EXPECTED.keys() - OPEN_TO_ALL - {"logout"}):
        response = client.post(address(name, arguments))
        assert response.status_code == 302, name
        assert response.url.startswith(reverse("login")), name


@pytest.mark.parametrize("name", sorted(POST_ONLY))
def test_who_signs_in_in_the_middle_of_an_act_is_led_on_and_told_that_nothing_was_done(
    people: People, arguments, client, name
):
    sent_to = client.post(f"{address(name, arguments)}?priority=expedited").url
    user = people.coordinator if "notice" in name or "job" in name else people.hsi_hq
    user.set_password("correct horse battery staple")
    user.save()
    entered = {"username": user.username, "password": "correct horse battery staple"}
    page = client.post(sent_to, entered, follow=True)
    assert page.status_code == 200
    assert page.redirect_chain[-1][0] == LED_TO[name].format(**arguments)
    assert "Nothing was done" in page.text


@pytest.mark.parametrize("model", ["request", "designation"])
def test_a_reviewer_who_signs_in_in_the_middle_of_a_bulk_act_is_led_to_the_list(people: People, client, model):
    client.force_login(people.dea_hq)
    name = {"request": "approve", "designation": "revoke"}[model]
    page = client.get(reverse(f"admin:designation_{model}_bulk", args=[name]), follow=True)
    assert page.redirect_chain[-1][0] == reverse(f"admin:designation_{model}_changelist")
    assert "Nothing was done" in page.text


@pytest.mark.parametrize("role", ["coordinator", "supervisor"])
def test_the_admin_lets_no_office_of_hsi_in(people: People, client, role):
    client.force_login(getattr(people, role))
    for model in ("request", "designation", "user", "office", "agent"):
        response = client.get(reverse(f"admin:designation_{model}_changelist"))
        assert (response.status_code, response.url.split("?")[0]) == (302, reverse("admin:login"))


def test_hsi_headquarters_sets_goals_in_the_admin_and_reviews_nothing(people: People, client):
    client.force_login(people.hsi_hq)
    assert client.get(reverse("admin:audit_goal_changelist")).status_code == 200
    for model in ("request", "designation", "user", "agent"):
        assert client.get(reverse(f"admin:designation_{model}_changelist")).status_code == 403


@pytest.mark.parametrize("name", ["endorse", "return_to_office"])
def test_a_coordinator_who_posts_what_the_page_hides_is_refused(people: People, client, name):
    request = factories.request(people, "hsi_review")
    client.force_login(people.coordinator)
    response = client.post(
        reverse("designation:request_act", args=[request.number, name]), {"reason": "x", "version": request.version}
    )
    assert response.status_code == 403
    assert Request.objects.get(pk=request.pk).state == "hsi_review"


def test_a_coordinator_changes_nothing_of_another_office(people: People, client):
    agent = factories.AgentFactory(office=people.coordinator.office)
    upload = uploads.start_upload(
        b"Badge number,Last name,First name,Justification\n00991,Stone,Lee,Port cases\n",
        "roster.csv",
        people.coordinator.office,
        people.coordinator,
    )
    client.force_login(people.other_coordinator)
    assert client.post(reverse("designation:agent_edit", args=[agent.pk]), {"last_name": "X"}).status_code == 404
    assert client.post(reverse("designation:agent_active", args=[agent.pk]), {"active": "no"}).status_code == 404
    assert client.post(reverse("designation:roster_file", args=[upload.pk])).status_code == 404
    assert client.get(reverse("designation:request_details") + f"?agent={agent.pk}").status_code == 404
    assert Agent.objects.get(pk=agent.pk).is_active
    assert RosterUpload.objects.get(pk=upload.pk).filed_at is None
