"""What differs between two texts, line by line and word by word, and between two versions, section by section."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby, zip_longest
from typing import Literal

from training.models import Section

# A word or a sign with the blanks before it: blanks of their own are in every line, and tell nothing.
WORDS = re.compile(r"\s*(?:\w+|[^\w\s])|\s+")
# Two lines that share less than this are shown as one taken out and another put in, not woven into each other.
ALIKE = 0.4
CONTEXT = 2  # unchanged lines that are shown beside a changed one
MOST_WORDS = 1_000  # of a line that is compared word by word; the time grows with their square


@dataclass(frozen=True)
class Part:
    """Words of a line; `changed` where the other side does not have them."""

    text: str
    changed: bool


Line = Sequence[Part]


@dataclass(frozen=True)
class Row:
    """A line of each text, side by side; None where a side has no such line."""

    before: Line | None
    after: Line | None

    @property
    def changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class Fold:
    """Unchanged lines that are put away."""

    rows: Sequence[Row]


@dataclass(frozen=True)
class SectionDifference:
    """A section in two versions; `before` is None where it was added, `after` where it was removed.

    `files_added` and `files_removed` are names of attachments; one with other content is in both.
    """

    before: Section | None
    after: Section | None
    moved: bool
    rows: Sequence[Row]
    files_added: Sequence[str]
    files_removed: Sequence[str]

    @property
    def title(self) -> str:
        return str(self.after or self.before)

    @property
    def title_before(self) -> str:
        """The title that it had, where it has another now."""
        renamed = self.before and self.after and self.before.title != self.after.title
        return self.before.title if self.before and renamed else ""

    @property
    def blocks(self) -> list[Row | Fold]:
        return folded(self.rows)

    @property
    def status(self) -> Literal["added", "removed", "changed", "moved", "unchanged"]:
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        if self.before.title != self.after.title or self.files_added or self.files_removed:
            return "changed"
        if any(row.changed for row in self.rows):
            return "changed"
        return "moved" if self.moved else "unchanged"


def rows(before: str, after: str) -> list[Row]:
    """The lines of both texts side by side."""
    old, new = before.splitlines(), after.splitlines()
    found: list[Row] = []
    for kind, *span in SequenceMatcher(None, old, new).get_opcodes():
        of_old, of_new = old[span[0] : span[1]], new[span[2] : span[3]]
        if kind == "equal":
            found += [Row(_line(text), _line(text)) for text in of_old]
        else:
            found += [row for one, other in zip_longest(of_old, of_new) for row in _changed_rows(one, other)]
    return found


def folded(found: Sequence[Row]) -> list[Row | Fold]:
    """The rows, with those far from any change put away in folds; empty lines that say nothing are left out."""
    told = [row for place, row in enumerate(found) if row.before or row.after or _is_break(found, place)]
    near = {place + step for place, row in enumerate(told) if row.changed for step in range(-CONTEXT, CONTEXT + 1)}
    blocks: list[Row | Fold] = []
    for is_near, group in groupby(enumerate(told), key=lambda item: item[0] in near):
        block = [row for _place, row in group]
        if is_near or len(block) <= CONTEXT:
            blocks += block
        else:
            blocks.append(Fold(block))
    return blocks


def _is_break(found: Sequence[Row], place: int) -> bool:
    """Whether the empty line is itself what was changed, and not part of a passage that was."""
    beside = [found[near] for near in (place - 1, place + 1) if 0 <= near < len(found)]
    return found[place].changed and not any(row.changed and (row.before or row.after) for row in beside)


def _changed_rows(old: str | None, new: str | None) -> list[Row]:
    if old is None or new is None:
        return [Row(_line(old, changed=True), _line(new, changed=True))]
    apart = [Row(_line(old, changed=True), None), Row(None, _line(new, changed=True))]
    old_words, new_words = WORDS.findall(old), WORDS.findall(new)
    if max(len(old_words), len(new_words)) > MOST_WORDS:
        return apart
    matcher = SequenceMatcher(None, old_words, new_words, autojunk=False)
    # The first two are never lower, and cost little.
    if any(share() < ALIKE for share in (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)):
        return apart
    before, after = [], []
    for kind, *span in matcher.get_opcodes():
        before.append(Part("".join(old_words[span[0] : span[1]]), kind != "equal"))
        after.append(Part("".join(new_words[span[2] : span[3]]), kind != "equal"))
    return [Row(_without_empty(before), _without_empty(after))]


def _without_empty(parts: Sequence[Part]) -> Line:
    return tuple(part for part in parts if part.text)


def _line(text: str | None, *, changed: bool = False) -> Line | None:
    if text is None:
        return None
    return (Part(text, changed),) if text else ()


def sections(before: Sequence[Section], after: Sequence[Section]) -> list[SectionDifference]:
    """Pairs the sections by key, in the order of `after`; what was removed stands where it stood.

    Sections come in their order, with their attachments as `current_attachments`.
    """
    old, new = ({section.key: section for section in side} for side in (before, after))
    stayed = [key for key in old if key in new]
    in_order = _longest_in_order(stayed, [key for key in new if key in old])
    return [
        _section(old.get(key), new.get(key), moved=key in old and key in new and key not in in_order)
        for key in _merged(list(old), list(new))
    ]


def _longest_in_order(old: Sequence[str], new: Sequence[str]) -> set[str]:
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return {key for block in blocks for key in old[block.a : block.a + block.size]}


def _merged(old: Sequence[str], new: Sequence[str]) -> list[str]:
    merged = list(new)
    place = 0
    for key in old:
        if key in merged:
            place = merged.index(key) + 1
        else:
            merged.insert(place, key)
            place += 1
    return merged


def _section(before: Section | None, after: Section | None, *, moved: bool) -> SectionDifference:
    old_files, new_files = _files(before), _files(after)
    return SectionDifference(
        before=before,
        after=after,
        moved=moved,
        rows=rows(before.body if before else "", after.body if after else ""),
        files_added=sorted(name for name, _sha256 in new_files - old_files),
        files_removed=sorted(name for name, _sha256 in old_files - new_files),
    )


def _files(section: Section | None) -> set[tuple[str, str]]:
    found = getattr(section, "current_attachments", [])
    return {(attachment.name, attachment.sha256) for attachment in found}
