"""Markdown that people write: what it becomes, and what it cannot do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from designation.markdown import TAGS, is_nested_too_deep, rendered


def html(text: str) -> str:
    return rendered(text, under=3).strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**bold** and *leaning*", "<p><strong>bold</strong> and <em>leaning</em></p>"),
        ("~~gone~~", "<p><s>gone</s></p>"),
        ("- one\n- two", "<ul>\n<li>one</li>\n<li>two</li>\n</ul>"),
        ("3. three", '<ol start="3">\n<li>three</li>\n</ol>'),
        (
            "[DEA](https://www.dea.gov)",
            '<p><a href="https://www.dea.gov" rel="noopener noreferrer nofollow">DEA</a></p>',
        ),
    ],
)
def test_what_is_written_becomes(text, expected):
    assert html(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "a <b onclick=alert(1)>b</b>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        '[x](https://a.test "onmouseover=alert(1)")',
        "![x](javascript:alert(1))",
        "<javascript:alert(1)>",
        '```"><script>alert(1)</script>\n```',
        "| a |\n|:-:|\n| <script>x</script> |",
    ],
)
def test_nothing_runs_and_nothing_is_loaded(text):
    found = html(text)
    assert "<script" not in found
    assert "<img" not in found
    assert "style=" not in found
    assert 'href="javascript' not in found.lower()
    assert " on" not in found.replace('title="on', "").split("&lt;")[0]


def test_a_picture_becomes_a_link_to_it():
    assert html("![A map](https://a.test/map.png)") == (
        '<p><a href="https://a.test/map.png" rel="noopener noreferrer nofollow">A map</a></p>'
    )


def test_headings_stand_below_that_of_the_page_and_skip_no_level():
    assert html("### A\n##### B\n# C\n# D") == "<h4>A</h4>\n<h5>B</h5>\n<h4>C</h4>\n<h4>D</h4>"


def test_a_wide_table_scrolls_within_itself_and_by_keyboard():
    assert html("| a |\n|---|\n| b |").startswith('<div class="usa-table-container--scrollable" tabindex="0"><table')


@given(st.integers(1, 60), st.sampled_from(["list", "quote"]))
def test_every_word_is_shown_unless_the_text_is_said_to_be_nested_too_deep(depth, kind):
    indent, mark = ("  ", "- ") if kind == "list" else ("> ", "")
    nested = [f"{indent * level}{mark}word{level}." for level in range(depth)]
    text = "\n".join([*nested, "", "The end."])
    shown = rendered(text, under=1)
    assert is_nested_too_deep(text) or all(word in shown for word in [f"word{depth - 1}.", "The end."])


def test_a_text_of_ten_levels_is_not_nested_too_deep():
    assert not is_nested_too_deep("\n".join("  " * level + "- item" for level in range(10)))


@given(st.text(alphabet="<>&\"'()[]!#`*_~|-: \n\\/aonscriptjv=1", max_size=60))
def test_no_element_comes_out_that_is_not_listed(text):
    found = rendered(text, under=3)
    elements = {part.split(">")[0].split()[0].strip("/") for part in found.split("<")[1:]}
    assert elements <= TAGS
