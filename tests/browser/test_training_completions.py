"""Completions in a real browser: recorded by clicking, by hand and from a file; each page accessible at two widths."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from designation.keys import save_with_new_key
from tests.browser import axe_violations, console_errors, is_wider_than_window
from tests.factories import AgentFactory
from tests.training.completion_data import completion, entry, in_force, record
from tests.training.factories import Managers
from training.completions import uploads
from training.models import Completion, CompletionImport, LearningSystem
from training.workflow import completions

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = {"phone": {"width": 320, "height": 640}, "desktop": {"width": 1280, "height": 900}}
EXPORT = (
    "Employee ID,Learner Name,Course Code,Completion Date,Status,Score\n"
    "K00123,Rivera Ana,JT-2009,05/03/2024,Passed,91\n"
    "K00124,Stone Lee,JT-2009,05/03/2024,Passed,72\n"
    "K99999,Moss Kim,JT-2009,05/03/2024,Passed,91\n"
)
ODD = "Tag,What,When\nK00123,JT-2009,05/03/2024\n"


@pytest.fixture
def people(transactional_db: None) -> Managers:
    found = Managers()
    in_force(found, pass_mark=80, attempts=3)
    AgentFactory(badge_number="K00123", first_name="Ana", last_name="Rivera")
    AgentFactory(badge_number="K00124", first_name="Lee", last_name="Stone")
    return found


def pages(people: Managers) -> dict[str, str]:
    """A page of each kind, by what it shows."""
    actor = people.hsi_manager
    agents = AgentFactory.create_batch(2)
    found = completion(agents[0], actor, score=Decimal(91), evidence="Certificate 77")
    wrong = completion(agents[1], actor, score=Decimal(91))
    completions.withdraw(wrong.pk, actor=actor, why="Another agent’s.")
    file = record(entry(agents[0], score=Decimal(95)), actor=actor, file=CompletionImport(file_name="may.csv")).file
    back = record(entry(agents[1], score=Decimal(85)), actor=actor, file=CompletionImport(file_name="wrong.csv")).file
    completions.take_back(back.pk, actor=actor, why="Of another academy.")
    preview = uploads.start_upload(EXPORT.encode(), "june.csv", actor)
    odd = uploads.start_upload(ODD.encode(), "odd.csv", actor)
    done = uploads.start_upload(EXPORT.replace("91", "99").encode(), "july.csv", actor)
    uploads.record_upload(done, actor)
    return {
        name: reverse(f"training:{url}", args=arguments)
        for name, (url, arguments) in {
            "list": ("completion_list", []),
            "by hand": ("completion_add", []),
            "one": ("completion_detail", [found.pk]),
            "one that was withdrawn": ("completion_detail", [wrong.pk]),
            "correct": ("completion_correct", [found.pk]),
            "withdraw": ("completion_withdraw", [found.pk]),
            "files": ("completion_imports", []),
            "file": ("completion_import", [file.pk]),
            "file taken back": ("completion_import", [back.pk]),
            "take back": ("completion_take_back", [file.pk]),
            "upload": ("completion_upload", []),
            "preview": ("completion_file", [preview.pk]),
            "columns": ("completion_columns", [odd.pk]),
            "sheet": ("completion_sheet", [odd.pk]),
            "result": ("completion_file", [done.pk]),
        }.items()
    } | {"ready rows": reverse("training:completion_file", args=[preview.pk]) + "?rows=ready"}


def test_each_page_is_accessible_and_obeys_the_policy_at_two_widths(people: Managers, page_of):
    page = page_of(people.hsi_manager)
    errors = console_errors(page)
    wrong = {}
    for name, url in pages(people).items():
        for width, size in WIDTHS.items():
            page.set_viewport_size(size)
            response = page.goto(url)
            found = [*axe_violations(page), *(["wider than the window"] if is_wider_than_window(page) else [])]
            if response is None or response.status != 200 or found:
                wrong[f"{name}, {width}"] = found or ["not found"]
    assert wrong == {}
    assert errors == []


def click(page: Page, name: str, role: str = "button") -> None:
    page.get_by_role(role, name=name).first.click()


def fill(page: Page, person: str, score: str) -> None:
    page.get_by_label("Agent or user").fill(person)
    page.get_by_label("Module").select_option("JT-2009")
    page.get_by_label("Date completed").fill("2024-05-03")
    page.get_by_label("Score").fill(score)
    page.get_by_label("Evidence").fill("Certificate 77")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
def test_a_completion_is_recorded_by_hand_and_corrected(people: Managers, page_of, scripts):
    page = page_of(people.hsi_manager, java_script_enabled=scripts)
    errors = console_errors(page)
    page.goto(reverse("training:completion_list"))
    click(page, "Record a completion", "link")
    fill(page, "Rivera", "79")
    click(page, "Continue")
    expect(page.get_by_role("link", name="Rivera, Ana (K00123), HSI-MIA")).to_be_visible()
    page.get_by_label("Agent or user").fill("K00123")
    click(page, "Continue")
    expect(page.get_by_text("recorded as a failed attempt")).to_be_visible()
    click(page, "Change")
    page.get_by_label("Score").fill("97")
    click(page, "Continue")
    expect(page.get_by_text("So far it is not completed.")).to_be_visible()
    click(page, "Record")
    expect(page.get_by_role("status")).to_contain_text("The completion is recorded.")
    click(page, "Correct", "link")
    page.get_by_label("Score").fill("87")
    page.get_by_label("Reason").fill("Misread.")
    click(page, "Record the correction")
    expect(page.get_by_text("Misread.")).to_be_visible()
    assert [found.score for found in Completion.objects.standing()] == [Decimal(87)]
    assert Completion.objects.count() == 2
    assert errors == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
def test_a_file_is_uploaded_recorded_and_taken_back(people: Managers, page_of, tmp_path: Path, scripts):
    page = page_of(people.dea_manager, java_script_enabled=scripts)
    errors = console_errors(page)
    (tmp_path / "export.csv").write_text(EXPORT)
    page.goto(reverse("training:completion_list"))
    click(page, "Upload a file", "link")
    page.get_by_label("File of completions").set_input_files(tmp_path / "export.csv")
    click(page, "Upload")
    expect(page.get_by_role("row", name="No agent has this badge number")).to_be_visible()
    with page.expect_download() as download:
        click(page, "Download the bad rows", "link")
    assert "K99999" in download.value.path().read_text(encoding="utf-8-sig")
    click(page, "Record 2 good rows")
    expect(page.get_by_role("heading", level=1)).to_have_text("2 completions recorded")
    click(page, "See what it brought", "link")
    click(page, "Take the file back", "link")
    page.get_by_label("Reason").fill("Of another academy.")
    click(page, "Take the file back")
    expect(page.get_by_text("Of another academy.")).to_be_visible()
    assert not Completion.objects.standing().exists()
    assert errors == []


def test_a_file_that_is_too_large_is_told_so_by_the_page(people: Managers, page_of, tmp_path: Path):
    page = page_of(people.hsi_manager)
    with (tmp_path / "export.csv").open("wb") as file:
        file.truncate(40 * 1024 * 1024)
    page.goto(reverse("training:completion_upload"))
    page.get_by_label("File of completions").set_input_files(tmp_path / "export.csv")
    click(page, "Upload")
    expect(page.get_by_text("The file is larger than 25 MB").first).to_be_visible(timeout=30_000)
    assert axe_violations(page) == []


def test_the_form_is_filled_and_confirmed_with_the_keyboard_alone(people: Managers, page_of):
    page = page_of(people.hsi_manager)
    page.goto(reverse("training:completion_add") + "?person=K00124&module=JT-2009")
    page.get_by_label("Date completed").fill("2024-05-03")
    page.get_by_label("Score").focus()
    page.keyboard.type("91")
    page.keyboard.press("Tab")
    page.keyboard.type("Certificate 77")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check the completion")
    assert axe_violations(page) == []
    page.get_by_role("button", name="Record").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("The completion is recorded.")


def test_the_admin_shows_a_key_once_and_accessibly(people: Managers, page_of):
    save_with_new_key(LearningSystem(name="ICE learning"), actor=people.operator)
    page = page_of(people.operator)
    errors = console_errors(page)
    page.goto(reverse("admin:training_learningsystem_changelist"))
    assert axe_violations(page) == []
    page.goto(reverse("admin:training_learningsystem_add"))
    page.get_by_label("Name").fill("FLETC")
    click(page, "Save")
    expect(page.get_by_text("This key is shown once.")).to_be_visible()
    for size in WIDTHS.values():
        page.set_viewport_size(size)
        assert axe_violations(page) == []
    assert errors == []
