"""Reports in a real Chromium: pictures that fit and are allowed, and the way from a figure to its requests."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from designation.demo.data import make_demo_data
from tests.browser import axe_violations, console_errors, is_wider_than_window

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = (1280, 320)
# Words of one picture that lie over one another, as the browser lays them out.
OVERLAPS = """async sources => {
  const found = [];
  for (const source of sources) {
    const holder = document.createElement("div");
    const svg = await (await fetch(source)).text();
    holder.append(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement);
    document.body.append(holder);
    const words = [...holder.querySelectorAll("text")].filter(text => text.textContent.trim());
    const boxes = words.map(text => text.getBoundingClientRect());
    boxes.forEach((one, first) => boxes.slice(first + 1).forEach((other, next) => {
      const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      if (wide > 1 && high > 4) found.push(words[first].textContent + " / " + words[first + 1 + next].textContent);
    }));
    holder.remove();
  }
  return found;
}"""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["timeliness", "process_map", "returns", "behind"])
def test_the_pages_fit_and_their_pictures_are_drawn(people, page_of, name, width):
    make_demo_data(seed=2, count=150, until=timezone.now())
    page = page_of(people.auditor)
    errors = console_errors(page)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(reverse(f"audit:{name}"))
    pictures = page.locator("main img").all()
    for picture in pictures:
        picture.scroll_into_view_if_needed()
        # The first one waits until the helper has loaded what it draws with.
        expect(picture).to_have_js_property("complete", True, timeout=60_000)
        assert picture.evaluate("image => image.naturalWidth") > 0
        assert picture.get_attribute("alt")
    sources = [picture.evaluate("image => image.currentSrc") for picture in pictures]
    assert page.evaluate(OVERLAPS, sources) == []
    assert axe_violations(page) == []
    assert not is_wider_than_window(page)
    assert errors == []


@pytest.mark.parametrize("name", ["timeliness", "process_map", "returns"])
def test_a_page_is_taken_as_a_file_by_keyboard_alone(people, page_of, name):
    make_demo_data(seed=2, count=60, until=timezone.now())
    page = page_of(people.auditor)
    page.goto(reverse(f"audit:{name}"))
    downloads = page.get_by_role("list", name="Download this report")
    downloads.get_by_role("link", name="Download PDF").focus()
    for suffix in ("pdf", "xlsx"):
        with page.expect_download(timeout=60_000) as download:
            page.keyboard.press("Enter")
        assert download.value.suggested_filename.endswith(f".{suffix}")
        assert download.value.failure() is None
        page.keyboard.press("Tab")
    expect(downloads.get_by_role("link", name="My exports")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("rowheader")).to_have_count(2)


def test_from_a_figure_to_the_trail_of_a_request(people, page_of):
    make_demo_data(seed=2, count=60, until=timezone.now())
    page = page_of(people.auditor)
    page.goto(reverse("audit:timeliness"))
    row = page.get_by_role("row", name="DEA field review").first
    row.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Requests behind the figure")
    page.get_by_role("row").nth(1).get_by_role("link").click()
    expect(page.get_by_role("rowheader", name="DEA field review").first).to_be_visible()
    assert axe_violations(page) == []


@pytest.mark.parametrize("name", ["timeliness", "process_map", "returns"])
def test_on_paper_no_column_is_cut_off_and_no_heading_stands_alone(people, page_of, name):
    make_demo_data(seed=2, count=150, until=timezone.now())
    page = page_of(people.auditor)
    page.emulate_media(media="print")
    # Letter, less margins of half an inch, at 96 pixels an inch.
    page.set_viewport_size({"width": 720, "height": 960})
    page.goto(reverse(f"audit:{name}"))
    tables = page.locator("main table").all()
    assert tables
    for table in tables:
        box = table.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 720, table.get_attribute("aria-label")
    kept = page.locator("main h2").evaluate_all("all => all.map(one => getComputedStyle(one).breakAfter)")
    assert set(kept) == {"avoid"}
    assert not is_wider_than_window(page)


def test_the_map_is_as_large_as_it_was_drawn_and_scrolls_by_keyboard(people, page_of):
    make_demo_data(seed=2, count=150, until=timezone.now())
    page = page_of(people.auditor)
    page.set_viewport_size({"width": 500, "height": 700})
    page.goto(reverse("audit:process_map"))
    drawn = page.locator(".t21-map img")
    expect(drawn).to_have_js_property("complete", True, timeout=60_000)
    assert drawn.evaluate("image => [image.width, image.height]") == drawn.evaluate(
        "image => [image.naturalWidth, image.naturalHeight]"
    )
    around = page.get_by_role("group", name="Process map")
    around.focus()
    page.keyboard.press("ArrowRight")
    expect(around).not_to_have_js_property("scrollLeft", 0)
    page.get_by_role("link", name="Open the picture alone").click()
    assert "/pictures/map.svg" in page.url


def test_no_picture_moves_what_stands_below_it_when_it_comes(people, page_of):
    make_demo_data(seed=2, count=60, until=timezone.now())
    page = page_of(people.auditor)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.route("**/pictures/*.svg*", lambda route: route.abort())
    page.goto(reverse("audit:timeliness"))
    kept = page.locator("main img").evaluate_all("all => all.map(one => [one.width, one.height])")
    page.unroute("**/pictures/*.svg*")
    page.reload()
    for (_, height), picture in zip(kept, page.locator("main img").all(), strict=True):
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True, timeout=60_000)
        assert abs(picture.evaluate("image => image.height") - height) < 60
