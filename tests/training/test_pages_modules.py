"""The pages of a module: added and changed by its agencies, with its versions and the next one to draft."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.training.factories import Managers, ModuleFactory, version
from tests.training.pages import told
from training.models import Module
from training.workflow import modules

pytestmark = pytest.mark.django_db

MODULE = {
    "code": "JT-2009",
    "title": "Joint training",
    "purpose": "The 2009 agreement.",
    "owners": "HSI,DEA",
    "pass_mark": 80,
}


def test_a_training_manager_adds_a_joint_module(people: Managers, client):
    client.force_login(people.dea_manager)
    response = client.post(reverse("training:module_add"), MODULE)
    assert response.url == reverse("training:module", args=["JT-2009"])
    assert Module.objects.get(code="JT-2009").owners == ["HSI", "DEA"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"code": "jt 2009"}, "code"),
        ({"owners": "DEA"}, "owners"),
        ({"pass_mark": 101}, "pass_mark"),
        ({"attempts": 0}, "attempts"),
    ],
)
def test_what_a_module_cannot_be_is_said_beside_the_field(people: Managers, client, given, field):
    client.force_login(people.hsi_manager)
    response = client.post(reverse("training:module_add"), {**MODULE, **given})
    assert list(response.context["form"].errors) == [field]
    assert not Module.objects.exists()


def test_a_changed_module_says_what_was_changed(people: Managers, client):
    module = ModuleFactory()
    client.force_login(people.hsi_manager)
    values = {**MODULE, "code": module.code, "title": "Deconfliction", "change_count": module.change_count}
    page = client.post(reverse("training:module_change", args=[module.code]), values, follow=True).text
    assert "Title: Joint training → Deconfliction" in page


def test_a_module_that_was_changed_meanwhile_keeps_what_was_typed(people: Managers, client):
    module = ModuleFactory()
    Module.objects.filter(pk=module.pk).update(change_count=2)
    client.force_login(people.hsi_manager)
    url = reverse("training:module_change", args=[module.code])
    values = {**MODULE, "code": module.code, "title": "Deconfliction", "change_count": 1}
    form = client.post(url, values).context["form"]
    assert "was changed since you opened the page" in str(form.errors)
    assert form["title"].value() == "Deconfliction"
    client.post(url, {name: form[name].value() or "" for name in form.fields})
    assert Module.objects.get(pk=module.pk).title == "Deconfliction"


def test_a_module_with_versions_keeps_its_code_and_its_owners(people: Managers, client):
    module = version(people).module
    client.force_login(people.hsi_manager)
    values = {**MODULE, "code": "X-1", "owners": "HSI", "change_count": module.change_count}
    client.post(reverse("training:module_change", args=[module.code]), values)
    changed = Module.objects.get(pk=module.pk)
    assert (changed.code, changed.owners, changed.title) == (module.code, ["HSI", "DEA"], MODULE["title"])


def test_no_agency_changes_a_module_of_the_other(people: Managers, client):
    module = ModuleFactory(owners=["DEA"])
    client.force_login(people.hsi_manager)
    assert client.get(reverse("training:module_change", args=[module.code])).status_code == 403
    assert client.post(reverse("training:module_change", args=[module.code]), MODULE).status_code == 403


def test_the_next_version_is_drafted_from_the_modules_page_once(people: Managers, client):
    module = version(people, "published").module
    client.force_login(people.hsi_manager)
    url = reverse("training:version_draft", args=[module.code])
    assert client.post(url, follow=True).context["version"].ordinal == 2
    assert "is in development already" in told(client.post(url, follow=True))
    assert "Not now" in client.get(reverse("training:module", args=[module.code])).text


def test_a_coordinator_sees_of_a_module_what_was_published(people: Managers, client):
    first = version(people, "published")
    draft = modules.draft_version(first.module, actor=people.hsi_manager)
    client.force_login(people.coordinator)
    page = client.get(reverse("training:module", args=[first.module.code])).text
    assert first.number in page
    assert draft.number not in page


def test_a_modules_page_costs_the_same_queries_for_1_and_for_3_versions(
    people: Managers, client, django_assert_num_queries
):
    module = version(people, "published").module
    client.force_login(people.hsi_manager)
    for _ in range(2):
        with django_assert_num_queries(9):
            client.get(reverse("training:module", args=[module.code]))
        version(people, "published", module=module)
