"""OCEL 2.0 as JSON: the steps as events, the subjects and the people who acted as objects.

The events are read first, the subjects from the same snapshot after them, so that memory grows with the number of
people alone. What is recorded with each step (office, kind ...) is an attribute of its subject, which changes in time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import IO, Any

from audit.exports.formats import About
from audit.exports.snapshot import Snapshot

PERSON = "person"
OF_EVENT = ("from_state", "to_state", "party", "final", "role", "agency", "source", "hash")


def write(source: Snapshot, target: IO[bytes], about: About) -> None:
    names = [column.name for column in source.export.columns]
    dimensions = names[names.index("hash") + 1 :]
    activities: set[str] = set()
    people: set[str] = set()
    target.write(b'{"events": [')
    _write_all(target, _events(source, names, activities, people))
    target.write(b'],\n"objects": [')
    rows_of_events = source.progress.rows
    _write_all(target, _objects(source, names, dimensions, sorted(people)))
    source.progress.rows = rows_of_events
    types = {"eventTypes": _event_types(sorted(activities)), "objectTypes": _object_types(source, dimensions)}
    target.write(b"],\n" + json.dumps(types, ensure_ascii=False)[1:].encode() + b"\n")


def _write_all(target: IO[bytes], items: Iterable[dict[str, Any]]) -> None:
    separator = "\n"
    for item in items:
        target.write(f"{separator}{json.dumps(item, ensure_ascii=False)}".encode())
        separator = ",\n"


def _steps(source: Snapshot, names: list[str]) -> Iterator[dict[str, Any]]:
    return (dict(zip(names, row, strict=True)) for row in source.rows())


def _events(source: Snapshot, names: list[str], activities: set[str], people: set[str]) -> Iterator[dict[str, Any]]:
    """Notes the activities and the people that it meets."""
    for step in _steps(source, names):
        activities.add(step["activity"])
        relations = [{"objectId": _subject_id(step["case"]), "qualifier": "moved"}]
        if step["actor"]:
            people.add(step["actor"])
            relations.append({"objectId": _person_id(step["actor"]), "qualifier": "by"})
        yield {
            "id": f"event {step['event']}",
            "type": step["activity"],
            "time": _time(step["at"]),
            "attributes": [{"name": name, "value": step[name]} for name in OF_EVENT if step[name] is not None],
            "relationships": relations,
        }


def _objects(source: Snapshot, names: list[str], dimensions: list[str], people: list[str]) -> Iterator[dict[str, Any]]:
    for number, steps in groupby(_steps(source, names), key=lambda step: step["case"]):
        attributes = list(_changes(steps, dimensions))
        yield {"id": _subject_id(number), "type": source.export.workflow, "attributes": attributes}
    for name in people:
        yield {"id": _person_id(name), "type": PERSON, "attributes": []}


def _changes(steps: Iterable[dict[str, Any]], dimensions: list[str]) -> Iterator[dict[str, str]]:
    """Each value that a dimension took, from when on."""
    known: dict[str, str | None] = {}
    for step in steps:
        for name in dimensions:
            if step[name] is not None and step[name] != known.get(name):
                known[name] = step[name]
                yield {"name": name, "time": _time(step["at"]), "value": step[name]}


def _event_types(activities: list[str]) -> list[dict[str, Any]]:
    attributes = [{"name": name, "type": "boolean" if name == "final" else "string"} for name in OF_EVENT]
    return [{"name": name, "attributes": attributes} for name in activities]


def _object_types(source: Snapshot, dimensions: list[str]) -> list[dict[str, Any]]:
    attributes = [{"name": name, "type": "string"} for name in dimensions]
    return [{"name": source.export.workflow, "attributes": attributes}, {"name": PERSON, "attributes": []}]


def _subject_id(number: str) -> str:
    return f"subject {number}"


def _person_id(name: str) -> str:
    return f"person {name}"


def _time(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
