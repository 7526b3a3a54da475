"""What differs between two texts, and between two versions section by section."""

from __future__ import annotations

from time import process_time

from hypothesis import given
from hypothesis import strategies as st

from training.differences import Fold, Row, folded, rows, sections
from training.models import Attachment, Section

TEXTS = st.lists(st.text("ab \n", max_size=12), max_size=8).map("\n".join)


def marked(found: list[Row]) -> list[tuple[str | None, str | None]]:
    """Each side of each row, with what was changed in brackets."""
    return [(_marked(row.before), _marked(row.after)) for row in found]


def _marked(line) -> str | None:
    return None if line is None else "".join(f"[{part.text}]" if part.changed else part.text for part in line)


def test_words_are_marked_within_a_line_that_was_changed():
    assert marked(rows("Agents tell the division.", "Agents always tell a division.")) == [
        ("Agents tell[ the] division.", "Agents[ always] tell[ a] division.")
    ]


def test_a_line_with_little_in_common_is_taken_out_and_another_put_in():
    assert marked(rows("Coordinators meet monthly.", "Names only!")) == [
        ("[Coordinators meet monthly.]", None),
        (None, "[Names only!]"),
    ]


def test_blanks_alone_make_no_two_lines_alike():
    before, after = "One two three four five six", "Names of all who were there"
    assert [row.before is None for row in rows(before, after)] == [False, True]


def test_a_long_text_that_was_changed_throughout_is_compared_in_a_moment():
    before = "\n".join(" ".join(f"w{(place * line) % 97}" for place in range(900)) for line in range(1, 12))
    after = "\n".join(" ".join(f"w{(place * line + place % 2) % 97}" for place in range(900)) for line in range(1, 12))
    started = process_time()
    rows(before, after)
    assert process_time() - started < 2


def test_a_line_that_was_added_stands_beside_nothing():
    assert marked(rows("One\nThree", "One\nTwo\nThree")) == [("One", "One"), (None, "[Two]"), ("Three", "Three")]


def test_a_line_that_is_too_long_to_compare_by_words_is_replaced_whole():
    before, after = "word " * 1500, "word " * 1500 + "more"
    assert [(row.before is None, row.after is None) for row in rows(before, after)] == [(False, True), (True, False)]


@given(TEXTS, TEXTS)
def test_each_side_holds_its_whole_text_and_unchanged_words_are_on_both(before, after):
    found = rows(before, after)
    for side, text in (("before", before), ("after", after)):
        lines = [getattr(row, side) for row in found if getattr(row, side) is not None]
        assert ["".join(part.text for part in line) for line in lines] == text.splitlines()
    for row in found:
        if row.before is not None and row.after is not None:
            assert _unchanged(row.before) == _unchanged(row.after)


def _unchanged(line) -> str:
    return "".join(part.text for part in line if not part.changed)


@given(TEXTS)
def test_a_text_does_not_differ_from_itself(text):
    assert not any(row.changed for row in rows(text, text))


def test_lines_far_from_a_change_are_folded():
    lines = [f"line {number}" for number in range(12)]
    blocks = folded(rows("\n".join(lines), "\n".join([*lines[:6], "other words here", *lines[7:]])))
    assert [len(block.rows) if isinstance(block, Fold) else 1 for block in blocks] == [4, 1, 1, 1, 1, 1, 1, 3]


def test_an_empty_line_is_shown_only_where_it_is_what_was_changed():
    assert len(folded(rows("One\n\nTwo", "One\n\nTwo"))) == 2
    assert [row.changed for row in folded(rows("One\nTwo", "One\n\nTwo"))] == [False, True, False]
    assert len(folded(rows("One", "One\n\nTwo"))) == 2


def section(key: str, body: str = "Text.", title: str = "", files: tuple[tuple[str, str], ...] = ()) -> Section:
    made = Section(key=key, title=title or key, body=body)
    made.current_attachments = [Attachment(name=name, sha256=sha256) for name, sha256 in files]
    return made


def statuses(before: list[Section], after: list[Section]) -> list[tuple[str, str]]:
    return [(found.title, found.status) for found in sections(before, after)]


def test_sections_are_paired_by_key_whatever_their_title():
    assert statuses([section("scope", title="Scope")], [section("scope", title="Scope and aim")]) == [
        ("Scope and aim", "changed")
    ]


def test_what_was_removed_stands_where_it_stood():
    before, after = [section("a"), section("b"), section("c")], [section("a"), section("c"), section("d")]
    assert statuses(before, after) == [("a", "unchanged"), ("b", "removed"), ("c", "unchanged"), ("d", "added")]


def test_the_section_that_was_moved_is_told_from_those_that_made_room():
    before, after = [section(key) for key in "abcd"], [section(key) for key in "bcda"]
    assert statuses(before, after) == [("b", "unchanged"), ("c", "unchanged"), ("d", "unchanged"), ("a", "moved")]


def test_an_attachment_with_other_content_is_a_change():
    before, after = section("a", files=(("plan.pdf", "1"),)), section("a", files=(("plan.pdf", "2"),))
    (found,) = sections([before], [after])
    assert (found.status, found.files_added, found.files_removed) == ("changed", ["plan.pdf"], ["plan.pdf"])
