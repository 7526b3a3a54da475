"""Who may open which address of training: every one of them, for every role."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from tests.factories import AgentFactory
from tests.training.factories import Managers, dispute, section, version
from tests.training.records import a_file, completed, required, waived
from training import urls
from training.completions import uploads
from training.models import ModuleVersion
from training.workflow import sections as section_acts

pytestmark = pytest.mark.django_db

ROLES = (
    "coordinator",
    "hsi_hq",
    "dea_field",
    "dea_hq",
    "auditor",
    "operator",
    "supervisor",
    "hsi_manager",
    "dea_manager",
)
EVERYBODY = dict.fromkeys(ROLES, 200)
MANAGERS = {"hsi_manager": 200, "dea_manager": 200}
# Those who see drafts, and to whom disputes on training are open.
DEVELOPERS = {**MANAGERS, "hsi_hq": 200, "dea_hq": 200, "auditor": 200}
OTHERS_FIND_NOTHING = {**dict.fromkeys(ROLES, 404), **DEVELOPERS}
FOLLOWERS = {**DEVELOPERS, "coordinator": 200, "dea_field": 200}
SETTERS = {**MANAGERS, "hsi_hq": 200, "dea_hq": 200}
SIDES = {**DEVELOPERS, "auditor": 403, "coordinator": 404, "dea_field": 404}
POSTED = dict.fromkeys(MANAGERS, 302)

# Name -> role -> status of a GET, or of a POST where the address takes no GET. Who is not named gets 403.
# The rows are a draft, its first section with an attachment, a dispute on the section that DEA has opened,
# a requirement, and a waiver, a completion and two files of it for an agent of the coordinator's office.
EXPECTED: dict[str, dict[str, int]] = {
    "overview": EVERYBODY,
    "module": EVERYBODY,
    "module_add": MANAGERS,
    "module_change": MANAGERS,
    "version_draft": POSTED,
    "version": OTHERS_FIND_NOTHING,
    "version_act": MANAGERS,
    "sign_off": POSTED,
    "difference": OTHERS_FIND_NOTHING,
    "section_add": MANAGERS,
    "section": DEVELOPERS,
    "section_change": MANAGERS,
    "section_move": POSTED,
    "section_act": MANAGERS,
    "attachment_add": MANAGERS,
    "attachment": OTHERS_FIND_NOTHING,
    "attachment_remove": MANAGERS,
    "dispute_list": FOLLOWERS,
    "dispute": {**DEVELOPERS, "coordinator": 404, "dea_field": 404},
    "dispute_open": SIDES,
    "dispute_act": SIDES,
    "requirement_list": EVERYBODY,
    "requirement_set": SETTERS,
    "requirement_end": SETTERS,
    "waiver_list": FOLLOWERS,
    "waiver_grant": SETTERS,
    "waiver_end": SETTERS,
    "tracking": FOLLOWERS,
    "tracking_people": FOLLOWERS,
    "tracking_expiring": FOLLOWERS,
    "tracking_trend": FOLLOWERS,
    "tracking_picture": FOLLOWERS,
    "tracking_file": FOLLOWERS,
    "completion_list": EVERYBODY,
    "completion_add": MANAGERS,
    "completion_detail": {**dict.fromkeys(ROLES, 404), **FOLLOWERS},
    "completion_correct": MANAGERS,
    "completion_withdraw": MANAGERS,
    "completion_imports": DEVELOPERS,
    "completion_import": DEVELOPERS,
    "completion_take_back": MANAGERS,
    "completion_upload": MANAGERS,
    "completion_file": MANAGERS,
    "completion_sheet": MANAGERS,
    "completion_columns": MANAGERS,
    "completion_record": POSTED,
    "completion_rejected": MANAGERS,
    "xapi_statements": dict.fromkeys(ROLES, 405),  # learning systems sign in with their keys, and post
}
POST_ONLY = {"version_draft", "sign_off", "section_move", "completion_record"}
OF_UPLOAD = {f"completion_{page}" for page in ("file", "sheet", "columns", "record", "rejected")}
OPEN_TO_ALL = {"xapi_statements"}


@pytest.fixture
def arguments(people: Managers) -> dict[str, tuple[Any, ...]]:
    """What stands in each address."""
    drafted = version(people)
    first = section(drafted)
    section_acts.add_attachment(
        first.pk,
        actor=people.hsi_manager,
        version=first.version,
        name="plan.pdf",
        content_type="application/pdf",
        content=b"%PDF",
    )
    opened = dispute(first, people.dea_manager)
    file = first.attachments.get()
    agent = AgentFactory(office=people.coordinator.office)
    required_now = required(drafted.module)
    waiver = waived(agent, drafted.module, people.hsi_manager)
    brought = completed(agent, drafted.module, imported=a_file())
    upload = uploads.start_upload(
        b"Badge number,Module,Completed on\n00991,JT-2009,2026-06-01\n", "june.csv", people.hsi_manager
    )
    return {
        **dict.fromkeys(EXPECTED, ()),
        **dict.fromkeys(("module", "module_change", "version_draft"), (drafted.module.code,)),
        **dict.fromkeys(("version", "sign_off", "difference", "section_add"), (drafted.number,)),
        "version_act": (drafted.number, "send_to_review"),
        **dict.fromkeys(("section", "section_change", "section_move", "attachment_add"), (first.number,)),
        "section_act": (section(drafted, 1).number, "remove"),
        **dict.fromkeys(("attachment", "attachment_remove"), (file.pk,)),
        "dispute": (opened.number,),
        "dispute_open": ("section", first.number),
        "dispute_act": (opened.number, "propose"),
        "requirement_end": (required_now.pk,),
        "waiver_end": (waiver.pk,),
        "tracking_file": ("matrix", "csv"),
        **dict.fromkeys(("completion_detail", "completion_correct", "completion_withdraw"), (brought.pk,)),
        **dict.fromkeys(("completion_import", "completion_take_back"), (brought.imported_id,)),
        **dict.fromkeys(OF_UPLOAD, (upload.pk,)),
    }


def test_every_address_of_training_is_in_the_table():
    assert {entry.name for entry in urls.urlpatterns if isinstance(entry, URLPattern)} == set(EXPECTED)


@pytest.mark.django_db(transaction=True)  # a file is of one snapshot, which begins a transaction of its own
@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_its_addresses_and_no_others(people: Managers, arguments, role):
    client = Client()
    client.force_login(getattr(people, role), backend="django.contrib.auth.backends.ModelBackend")
    found = {}
    for name in EXPECTED:
        send = client.post if name in POST_ONLY else client.get
        found[name] = send(reverse(f"training:{name}", args=arguments[name])).status_code
    assert found == {name: roles.get(role, 403) for name, roles in EXPECTED.items()}


def test_who_is_not_signed_in_is_sent_to_sign_in(arguments):
    client = Client()
    for name in EXPECTED.keys() - OPEN_TO_ALL:
        response = client.post(reverse(f"training:{name}", args=arguments[name]))
        assert (response.status_code, response.url.split("?")[0]) == (302, reverse("login")), name


@pytest.mark.parametrize("name", sorted(POST_ONLY))
def test_who_comes_to_an_act_by_address_is_led_to_its_page_with_word_that_nothing_was_done(
    people: Managers, arguments, client, name
):
    client.force_login(people.hsi_manager)
    page = client.get(reverse(f"training:{name}", args=arguments[name]), follow=True)
    assert "Nothing was done" in page.text
    assert ModuleVersion.objects.count() == 1


@pytest.mark.parametrize("name", sorted(POST_ONLY))
def test_an_act_without_its_token_is_refused(people: Managers, arguments, name):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.hsi_manager, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(reverse(f"training:{name}", args=arguments[name])).status_code == 403


@pytest.mark.parametrize("model", ["module", "moduleversion", "section"])
def test_the_admin_shows_training_and_changes_nothing_of_it(people: Managers, arguments, client, model):
    client.force_login(people.auditor)
    assert client.get(reverse(f"admin:training_{model}_changelist")).status_code == 200
    assert client.get(reverse(f"admin:training_{model}_add")).status_code == 403
    client.force_login(people.dea_field)
    assert client.get(reverse(f"admin:training_{model}_changelist")).status_code == 403
