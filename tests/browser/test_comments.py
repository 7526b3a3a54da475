"""Comments and files of a request in a real browser: HSI and DEA speak to each other on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from designation import comments
from designation.files import told_apart
from tests import factories
from tests.browser import axe_violations, console_errors, is_wider_than_window
from tests.designation.sample_files import PDF
from tests.factories import People

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = {"phone": {"width": 320, "height": 640}, "desktop": {"width": 1280, "height": 900}}


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
def test_hsi_and_dea_comment_on_a_request_and_exchange_a_file(people: People, page_of, tmp_path: Path, scripts):
    request = factories.request(people, "dea_intake")
    assert people.dea_hq
    (tmp_path / "memo.pdf").write_bytes(PDF)
    office = page_of(people.coordinator, java_script_enabled=scripts)
    errors = console_errors(office)
    office.goto(reverse("designation:request_detail", args=[request.number]))
    office.get_by_text("Add a comment or files").click()
    office.get_by_label("Comment").fill("The supervisor’s memo.")
    office.get_by_label("Files").set_input_files(tmp_path / "memo.pdf")
    office.get_by_role("button", name="Add to the request").click()
    expect(office.get_by_text("The supervisor’s memo.")).to_be_visible()

    reviewer = page_of(people.dea_hq, java_script_enabled=scripts)
    errors += console_errors(reviewer)
    reviewer.goto("/notices/")
    reviewer.get_by_role("link", name=f"commented on {request.number}").click()
    expect(reviewer.get_by_text("The supervisor’s memo.")).to_be_visible()
    reviewer.goto(reverse("admin:designation_request_change", args=[request.pk]))
    with reviewer.expect_download() as download:
        reviewer.get_by_role("link", name="memo.pdf", exact=True).click()
    assert download.value.path().read_bytes() == PDF
    reviewer.get_by_text("Add a comment or files").click()
    reviewer.get_by_label("Comment").fill("Thank you.")
    reviewer.get_by_role("button", name="Add to the request").click()
    expect(reviewer.get_by_text("Thank you.")).to_be_visible()
    assert errors == []


def test_the_pages_of_comments_are_accessible_at_two_widths(people: People, page_of):
    request = factories.request(people, "dea_intake")
    memo = [told_apart("a-memo-with-a-long-name-of-the-supervisor-in-charge.pdf", PDF)]
    [mine] = comments.add(request.pk, actor=people.coordinator, text="The memo.", files=memo).files
    [theirs] = comments.add(request.pk, actor=people.dea_hq, files=[told_apart("map.pdf", PDF + b" ")]).files
    comments.withdraw_file(theirs.pk, actor=people.dea_hq, reason="Of another request.")
    detail = reverse("designation:request_detail", args=[request.number])
    office = [
        detail,
        reverse("designation:request_comment", args=[request.number]),
        reverse("designation:file_withdraw", args=[mine.pk]),
    ]
    review = [reverse(f"admin:designation_request_{name}", args=[request.pk]) for name in ("change", "comment")]
    wrong = faults(page_of(people.coordinator), office) | faults(page_of(people.dea_hq), review)
    assert wrong == {}


def faults(page: Page, urls: list[str]) -> dict[str, list[str]]:
    wrong = {}
    for url in urls:
        for width, size in WIDTHS.items():
            page.set_viewport_size(size)
            page.goto(url)
            for closed in page.locator("details:not([open]) > summary").all():
                closed.click()
            found = [*axe_violations(page), *(["wider than the window"] if is_wider_than_window(page) else [])]
            if found:
                wrong[f"{url}, {width}"] = found
    return wrong
