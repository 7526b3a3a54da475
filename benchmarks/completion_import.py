"""Import of 50,000 completions, from the bytes of a file to committed rows, beside a raw COPY of the same rows.

The COPY goes into the same table with its indexes, triggers and foreign keys, and is committed too. Completions are
never deleted, so that the table grows by as much in each arm, and each round's file is of other days.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from django.db import connection, transaction

from benchmarks.harness import ROUNDS, Check, main, timed
from designation.models import Agent, Office, Role, User
from training.completions import uploads
from training.models import Completion, Module, ModuleVersion
from training.workflow import modules
from training.workflow import sections as section_acts

ROWS = 50_000
AGENTS = 10_000
MODULES = 10
PUBLISHED = date(2015, 1, 5)
PASS_MARK = 70
HEADER = ["Badge Number", "Learner Name", "E-mail", "Course Code", "Completion Date", "Status", "Score"]
COLUMNS = (
    "agent_id, user_id, module_id, module_version_id, completed_on, passed, score, source, evidence, imported_id,"
    " statement_id, withdrawn, why, recorded_by_id, recorded_by_name"
)


def measure() -> tuple[list[Check], Mapping[str, float]]:
    manager = _manager()
    codes, agents = _modules(manager), _agents()
    files = iter([_export(number, codes, agents) for number in range(ROUNDS)])
    rows: list[bytes] = []

    def load() -> None:
        upload = uploads.start_upload(next(files), "export.csv", manager)
        found = uploads.record_upload(upload, manager)
        assert (found.recorded, found.duplicates, found.rejected) == (ROWS, 0, {}), found
        taken.append(upload.imported_id)

    def copy() -> None:
        statement = f"COPY training_completion ({COLUMNS}) FROM STDIN"
        with transaction.atomic(), connection.cursor() as cursor, cursor.copy(statement) as lines:
            for block in rows:
                lines.write(block)

    def read_back() -> None:
        """The rows that the import has just written, as the COPY takes them; not timed against either."""
        with connection.cursor() as cursor:
            condition = f"FROM training_completion WHERE imported_id = {taken[-1]} ORDER BY id"
            with cursor.copy(f"COPY (SELECT {COLUMNS} {condition}) TO STDOUT") as lines:
                rows[:] = [bytes(block) for block in lines]

    taken: list[int | None] = []
    timings = timed({"import": load, "reading back": read_back, "raw COPY": copy})
    assert Completion.objects.count() == 2 * ROWS * len(taken)
    ratio = timings.ratio("import", "raw COPY")
    seconds = {name: found for name, found in timings.medians().items() if name != "reading back"}
    return [Check("import of completions against a raw COPY", ratio, 3, "times")], seconds


def _manager() -> User:
    headquarters = Office.objects.get(code="HSI-HQ")
    return User.objects.create(username="bench-manager", office=headquarters, roles=[Role.TRAINING_MANAGER])


def _modules(manager: User) -> list[str]:
    """Codes of modules in force: half with a pass mark, two with a number of attempts."""
    codes = []
    for number in range(MODULES):
        module = Module(code=f"BENCH-{number}", title="Benchmark", purpose="Measured.", owners=["HSI"])
        module.pass_mark = PASS_MARK if number % 2 else None
        module.attempts = 3 if number < 2 else None
        version = modules.draft_version(modules.save_module(module, actor=manager), actor=manager)
        section = section_acts.add_section(version, title="Text", body="Text.", actor=manager)
        for name in ("send_to_review", "pass_review"):
            modules.move_versions(name, [version.pk], actor=manager)
        section_acts.sign_off([section.pk], actor=manager)
        assert modules.move_versions("publish", [version.pk], actor=manager).done
        codes.append(module.code)
    ModuleVersion.objects.filter(module__code__in=codes).update(published_on=PUBLISHED)
    return codes


def _agents() -> list[Agent]:
    office = Office.objects.get(code="HSI-MIA")
    return Agent.objects.bulk_create(
        Agent(
            badge_number=f"{number:06d}",
            first_name="Bench",
            last_name=f"Agent {number}",
            email=f"bench{number}@example.gov",
            hired_on=PUBLISHED,
            office=office,
        )
        for number in range(AGENTS)
    )


def _export(number: int, codes: list[str], agents: list[Agent]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *_rows(number, codes, agents)])
    return text.getvalue().encode()


def _rows(number: int, codes: list[str], agents: list[Agent]) -> Iterator[list[str]]:
    """Five completions of each agent, on days of the round; nobody fails a module with a number of attempts."""
    rng = random.Random(number)  # noqa: S311 - repeatable
    begin = PUBLISHED + timedelta(days=400 * number)
    for agent in agents:
        for place in rng.sample(range(MODULES), ROWS // AGENTS):
            day = begin + timedelta(days=rng.randrange(365))
            score = rng.randint(PASS_MARK if place < 2 else PASS_MARK - 10, 100)
            name = f"{agent.last_name}, {agent.first_name}"
            yield [agent.badge_number, name, agent.email, codes[place], day.isoformat(), "Completed", str(score)]


if __name__ == "__main__":
    main("Import of completions", measure)
