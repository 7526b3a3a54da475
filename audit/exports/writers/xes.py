"""IEEE 1849-2016 XES: one trace for each subject, one event for each step, in the order of the ledger.

By its schema a version is a decimal number, the name of a classifier an XML name; and by its text each key of a
classifier is declared as global before, and no component has two attributes of one key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import IO, Any
from xml.sax.saxutils import quoteattr

from audit.exports.formats import About
from audit.exports.snapshot import Snapshot

# What XML 1.0 cannot hold, not even escaped.
NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What needs no escape: nearly all there is, and quickly told.
PLAIN = re.compile(r"[\w .:+-]*")
HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
  <extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
  <extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
  <global scope="trace">
    <string key="concept:name" value=""/>
  </global>
  <global scope="event">
    <string key="concept:name" value=""/>
    <string key="lifecycle:transition" value="complete"/>
    <date key="time:timestamp" value="1970-01-01T00:00:00.000000+00:00"/>
    <string key="to_state" value=""/>
  </global>
  <classifier name="Activity" scope="event" keys="concept:name"/>
  <classifier name="StateEntered" scope="event" keys="to_state"/>
"""
# Columns that the log says otherwise: the trace is the case, and the activity the transition where there was one.
LEFT_OUT = {"case", "transition"}
WRITTEN_ALWAYS = "lifecycle:transition"
# What a key of the standard, an XML name, cannot hold.
NO_NAME = re.compile(r"[^\w:.-]+")
# The column of the event log -> the key of the standard's extensions; other columns keep their names.
KEYS = {
    "activity": "concept:name",
    "at": "time:timestamp",
    "actor": "org:resource",
    "role": "org:role",
    "agency": "org:group",
}


def write(source: Snapshot, target: IO[bytes], about: About) -> None:
    """Memory does not grow with the number of cases."""
    names = [column.name for column in source.export.columns]
    case, keys = names.index("case"), _keys(names)
    target.write(HEAD.encode())
    target.write(_attribute("  ", "concept:name", f"{source.export.what} of {source.export.workflow}").encode())
    for number, steps in groupby(source.rows(), key=itemgetter(case)):
        target.write("".join(_trace(number, keys, steps)).encode())
    target.write(b"</log>\n")


def _keys(names: list[str]) -> list[str]:
    """The key of each column; empty for one that is left out. No two are alike, as the standard demands."""
    keys: list[str] = []
    for name in names:
        key = "" if name in LEFT_OUT else KEYS.get(name) or _as_xml_name(name)
        while key and key in {*keys, WRITTEN_ALWAYS}:
            key += "_"
        keys.append(key)
    return keys


def _as_xml_name(name: str) -> str:
    key = NO_NAME.sub("_", name).strip("_") or "_"
    return key if key[0].isalpha() else f"_{key}"


def _trace(number: str, keys: list[str], steps: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    yield "  <trace>\n"
    yield _attribute("    ", "concept:name", number)
    for step in steps:
        yield "    <event>\n"
        yield f'      <string key="{WRITTEN_ALWAYS}" value="complete"/>\n'
        for key, value in zip(keys, step, strict=True):
            if key and value not in (None, ""):
                yield _attribute("      ", key, value)
        yield "    </event>\n"
    yield "  </trace>\n"


def _attribute(indent: str, key: str, value: Any) -> str:
    kind, text = _typed(value)
    return f"{indent}<{kind} key={_quoted(key)} value={_quoted(text)}/>\n"


def _typed(value: Any) -> tuple[str, str]:
    if isinstance(value, bool):
        return "boolean", "true" if value else "false"
    if isinstance(value, int):
        return "int", str(value)
    if isinstance(value, datetime):
        return "date", value.isoformat(timespec="microseconds")
    return "string", str(value)


def _quoted(text: str) -> str:
    if PLAIN.fullmatch(text):
        return f'"{text}"'
    return quoteattr(NO_XML.sub("\ufffd", text))
