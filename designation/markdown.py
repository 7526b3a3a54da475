"""Markdown that people write, as HTML that is safe to show.

CommonMark with tables and strikethrough. Markup that somebody types is shown as typed; a picture becomes a link to it,
since pages load nothing from elsewhere. `nh3` then lets through only what is listed here, whatever the parser made.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

TAGS = {
    *("h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "pre", "code", "em", "strong", "s", "a"),
    *("ul", "ol", "li", "div", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "div": {"class", "tabindex"}, "table": {"class"}}
SCHEMES = {"http", "https", "mailto"}
DEEPEST = 6
MOST_NESTED = 100  # a list within a list counts two, a quote within a quote one; the parser drops what is deeper


@lru_cache(maxsize=256)  # a page of text takes some milliseconds, and is read more often than changed
def rendered(text: str, *, under: int) -> SafeString:
    """The Markdown text as HTML whose headings stand below the page's heading of level `under`, none skipped."""
    html = PARSER.render(text, {"under": under})
    clean = nh3.clean(
        html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="noopener noreferrer nofollow"
    )
    return mark_safe(clean)  # noqa: S308 - it has just been cleaned


def is_nested_too_deep(text: str) -> bool:
    """Whether the Markdown text nests so many lists or quotes that `rendered` would leave words out."""
    return any(token.level >= MOST_NESTED - 1 for token in PARSER.parse(text, {"under": 1}))


def _nest_headings(state: StateCore) -> None:
    """Gives headings the levels that they have below each other, since writers choose theirs by size."""
    above: list[str] = []
    for token in state.tokens:
        if token.type not in {"heading_open", "heading_close"}:
            continue
        if token.type == "heading_open":
            above = [tag for tag in above if tag < token.tag] + [token.tag]
        token.tag = f"h{min(state.env['under'] + len(above), DEEPEST)}"


def _picture_as_link(tokens: Sequence[Token], index: int, options: object, env: object) -> str:
    picture = tokens[index]
    return f'<a href="{escapeHtml(str(picture.attrs["src"]))}">{escapeHtml(picture.content or "Picture")}</a>'


def _table_open(tokens: Sequence[Token], index: int, options: object, env: object) -> str:
    return '<div class="usa-table-container--scrollable" tabindex="0"><table class="usa-table usa-table--borderless">'


def _table_close(tokens: Sequence[Token], index: int, options: object, env: object) -> str:
    return "</table></div>"


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": MOST_NESTED}).enable(["table", "strikethrough"])
    parser.core.ruler.push("nest_headings", _nest_headings)
    rules = {"table_open": _table_open, "table_close": _table_close, "image": _picture_as_link}
    parser.renderer.rules.update(rules)  # type: ignore[attr-defined]
    return parser


PARSER = _parser()
