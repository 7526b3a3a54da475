"""The pages of modules, versions and sections in a real Chromium: at two widths, by keyboard, without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.browser import axe_violations, console_errors, is_wider_than_window
from tests.training.factories import Managers, dispute, section, version
from training.models import ModuleVersion, Section
from training.workflow import disputes, modules
from training.workflow import sections as section_acts

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = (1280, 320)
TEXT = """# Purpose

Agents learn **when** to deconflict, and [where to ask](https://www.dea.gov/).

## Whom to tell

| Case | Division |
| --- | --- |
| Port of entry, with a very long description of what was found there | Miami |

- Names
- Places

```
A line of plain text that is a good deal longer than a telephone's screen is wide, so that it has to wrap
```
"""


@pytest.fixture
def people() -> Managers:
    return Managers()


@pytest.fixture
def drafted(people: Managers) -> ModuleVersion:
    """In sign-off, beside a published one that it differs from; with an attachment, a dispute and sign-offs of DEA."""
    first = version(people, "published", texts=4)
    second = modules.draft_version(first.module, actor=people.hsi_manager)
    put(section(second), people, TEXT)
    put(section(second), people, TEXT.replace("when", "why and when").replace("- Names\n", ""))
    attach(section(second), people)
    put(section(second, 1), people, "Text and more.", "Scope")
    last = section(second, 3)
    section_acts.remove_section(last.pk, actor=people.hsi_manager, version=last.version, reason="Said elsewhere.")
    section_acts.add_section(second, title="Disputes", body="How they are settled.", actor=people.hsi_manager)
    for name, user in [
        ("send_to_review", people.hsi_manager),
        ("pass_review", people.hsi_manager),
        ("pass_review", people.dea_manager),
    ]:
        modules.move_versions(name, [second.pk], actor=user)
    opened = dispute(section(second, 2), people.dea_manager)
    disputes.propose(opened.pk, text="Both train.", actor=people.dea_manager)
    section_acts.sign_off([section(second).pk, section(second, 1).pk], actor=people.dea_manager)
    return ModuleVersion.objects.get(pk=second.pk)


def put(changed: Section, people: Managers, body: str, title: str = "") -> None:
    section_acts.change_section(
        changed.pk, actor=people.hsi_manager, version=changed.version, title=title or changed.title, body=body
    )


def attach(to: Section, people: Managers) -> None:
    section_acts.add_attachment(
        to.pk,
        actor=people.hsi_manager,
        version=to.version,
        name="lesson-plan-of-the-joint-training-on-deconfliction.pdf",
        content_type="application/pdf",
        content=b"%PDF-1.7",
    )


def addresses(drafted: ModuleVersion) -> dict[str, str]:
    first = section(drafted)
    module, published = drafted.module.code, drafted.module.versions.published().get()
    return {
        "overview": reverse("training:overview"),
        "module": reverse("training:module", args=[module]),
        "module-add": reverse("training:module_add"),
        "module-change": reverse("training:module_change", args=[module]),
        "version": drafted.get_absolute_url(),
        "act": reverse("training:version_act", args=[published.number, "ask_retirement"]),
        "section": reverse("training:section", args=[first.number]),
        "section-change": reverse("training:section_change", args=[first.number]),
        "attachment-add": reverse("training:attachment_add", args=[first.number]),
        "attachment-remove": reverse("training:attachment_remove", args=[first.attachments.get().pk]),
        "difference": reverse("training:difference", args=[drafted.number]),
    }


@pytest.mark.parametrize("width", WIDTHS)
def test_each_page_is_accessible_fits_and_obeys_the_policy(people, page_of: Callable[..., Page], drafted, width):
    page = page_of(people.hsi_manager)
    errors = console_errors(page)
    page.set_viewport_size({"width": width, "height": 900})
    for name, address in addresses(drafted).items():
        response = page.goto(address)
        assert response is not None
        assert response.status == 200, name
        assert axe_violations(page) == [], name
        assert not is_wider_than_window(page), name
    assert errors == []


@pytest.mark.parametrize("scripts", [True, False])
def test_a_section_is_previewed_saved_and_signed_off(people, page_of: Callable[..., Page], drafted, scripts):
    page = page_of(people.hsi_manager, java_script_enabled=scripts)
    page.goto(drafted.get_absolute_url())
    page.get_by_role("link", name="Change “Scope”").click()
    page.get_by_role("textbox", name="Text").fill("Now **both** agencies.")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".t21-preview strong")).to_have_text("both")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".usa-alert--warning")).to_contain_text("The sign-off of DEA is cleared")
    page.get_by_role("button", name="Sign off “Scope”").click()
    expect(page.locator(".usa-alert--success")).to_contain_text("“Scope” signed off for HSI.")


def test_what_was_typed_survives_a_change_by_somebody_else(people, page_of: Callable[..., Page], drafted):
    page = page_of(people.hsi_manager)
    scope = section(drafted, 1)
    page.goto(reverse("training:section_change", args=[scope.number]))
    page.get_by_role("textbox", name="Text").fill("My words.")
    section_acts.change_section(
        scope.pk, actor=people.dea_manager, version=scope.version, title="Scope", body="Their words."
    )
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".usa-alert--error")).to_contain_text("Changed since you opened it")
    expect(page.get_by_role("textbox", name="Text")).to_have_value("My words.")
    assert axe_violations(page) == []


def test_an_attachment_is_saved_and_not_shown(people, page_of: Callable[..., Page], drafted):
    page = page_of(people.auditor)
    page.goto(drafted.get_absolute_url())
    with page.expect_download() as taken:
        page.get_by_role("link", name="lesson-plan").click()
    assert taken.value.suggested_filename == "lesson-plan-of-the-joint-training-on-deconfliction.pdf"
