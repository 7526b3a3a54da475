"""What the rows of an export say, against the steps themselves."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from audit import calendar, exports, ledger
from audit.exports import DECIDED, FILED, OPEN, Filters
from audit.ledger import PastStep
from audit.models import StepEvent
from audit.spreadsheets import harmless
from designation import workflow
from designation.demo.data import make_demo_data
from designation.models import Request
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

STAGES = ["hsi_review", "dea_intake", "field_review", "dea_decision", "returned"]
EASTERN = ZoneInfo("America/New_York")


def exported(name: str = "request", *, user: Any = None, **filters: Any) -> list[dict[str, str]]:
    export = exports.processing_times(name, user=user, filters=Filters(**filters))
    text = b"".join(exports.stream(export, actor=None, actor_name="test")).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def numbers(**filters: Any) -> set[str]:
    return {row["number"] for row in exported(**filters)}


def seconds(hours: str) -> int:
    return round(float(hours or 0) * 3600)


def case(subject: str, *steps: tuple[str, datetime]) -> list[PastStep]:
    """A history in another workflow: states with when they were entered; “done” ends it."""
    return [
        PastStep(subject=subject, transition=state, to_state=state, party="us", final=state == "done", at=at)
        for state, at in steps
    ]


def test_every_figure_is_what_the_steps_add_up_to():
    make_demo_data(seed=5, count=150, until=timezone.now())
    clock = calendar.load()
    histories: dict[str, list[StepEvent]] = defaultdict(list)
    for step in StepEvent.objects.filter(workflow="request").order_by("subject", "sequence"):
        histories[step.subject].append(step)
    rows = exported()
    assert [row["number"] for row in rows] == sorted(histories)
    for row in rows:
        steps = histories[row["number"]]
        as_of = datetime.fromisoformat(row["as_of"])
        spent: dict[str, int] = defaultdict(int)
        for step, after in zip(steps, [*steps[1:], None], strict=True):
            if step.party:
                stay = clock.between(step.at, after.at if after else as_of)
                spent[step.to_state] += stay
                spent[step.party] += stay
                spent["total"] += stay
        last = steps[-1]
        assert {stage: seconds(row[f"{stage}_hours"]) for stage in STAGES} == {stage: spent[stage] for stage in STAGES}
        assert seconds(row["hsi_hours"]) == spent["HSI"]
        assert seconds(row["dea_hours"]) == spent["DEA"]
        assert seconds(row["total_hours"]) == spent["total"] == spent["HSI"] + spent["DEA"]
        assert row["state"] == last.to_state
        assert row["outcome"] == (last.to_state if last.final else "")
        assert bool(row["ended_at"]) == last.final
        assert int(row["returns"]) == sum(step.to_state == "returned" for step in steps)
        assert {name: row[name] for name in ("office", "division", "kind", "priority")} == last.dimensions


def test_a_resubmission_does_not_reset_the_first_submission(people):
    request = factories.request(people, "returned")
    submitted = StepEvent.objects.get(subject=request.number, transition="submit").at
    workflow.transition("resubmit", [request.pk], actor=people.coordinator, reason="Memo added.")
    (row,) = exported()
    assert row["first_submitted_at"] == submitted.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert row["returns"] == "1"


def test_badge_numbers_keep_their_zeros(people, office):
    agent = factories.AgentFactory(badge_number="00042", office=office)
    workflow.file_requests([factories.new_request(agent)], actor=people.coordinator, office=office)
    assert exported()[0]["badge_number"] == "00042"


def test_a_draft_is_a_row_without_times(people):
    factories.request(people, "draft")
    (row,) = exported()
    assert row["state"] == "draft"
    assert row["first_submitted_at"] == row["hsi_review_hours"] == row["outcome"] == ""
    assert row["total_hours"] == row["hsi_hours"] == row["dea_hours"] == ""


def test_open_and_outcome_filter(people):
    open_one = factories.request(people, "field_review")
    approved = factories.request(people, "approved")
    denied = factories.request(people, "denied")
    assert numbers(outcomes=(OPEN,)) == {open_one.number}
    assert numbers(outcomes=("approved", "denied")) == {approved.number, denied.number}
    assert numbers(cohort=DECIDED) == {approved.number, denied.number}


def test_dimensions_filter_as_recorded(people):
    routine = factories.request(people, "returned")
    expedited = factories.request(people, "hsi_review", priority="expedited")
    assert numbers(dimensions={"priority": ("expedited",)}) == {expedited.number}
    assert numbers(dimensions={"office": ("HSI-MIA", "HSI-DEN")}) == {routine.number, expedited.number}
    assert numbers(dimensions={"office": ("HSI-DEN",)}) == set()
    # What the row says today does not matter: only what was recorded with the step.
    Request.objects.filter(pk=routine.pk).update(priority="expedited")
    assert numbers(dimensions={"priority": ("expedited",)}) == {expedited.number}


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        (datetime(2026, 3, 1, 0, 0, tzinfo=EASTERN) - timedelta(microseconds=1), False),
        (datetime(2026, 3, 1, 0, 0, tzinfo=EASTERN), True),
        (datetime(2026, 3, 31, 23, 59, 59, 999999, tzinfo=EASTERN), True),
        (datetime(2026, 4, 1, 0, 0, tzinfo=EASTERN), False),
    ],
)
def test_the_first_and_the_last_day_of_a_period_count_whole(at, counts):
    period = {"first_day": date(2026, 3, 1), "last_day": date(2026, 3, 31)}
    before = datetime(2026, 1, 5, 15, tzinfo=UTC)
    after = datetime(2026, 6, 5, 15, tzinfo=UTC)
    steps = [*case("filed then", ("work", at), ("done", after)), *case("ended then", ("work", before), ("done", at))]
    ledger.append_history("case", steps, source="imported")
    expected = {FILED: {"filed then"}, DECIDED: {"ended then"}} if counts else {FILED: set(), DECIDED: set()}
    found = {cohort: {row["case"] for row in exported("case", cohort=cohort, **period)} for cohort in expected}
    assert found == expected


def test_a_period_needs_a_cohort():
    with pytest.raises(ValueError, match="filing or of ending"):
        Filters(first_day=date(2026, 3, 1))


def test_any_workflow_of_the_ledger_has_its_stages_as_columns():
    def after(hours: int) -> datetime:
        return datetime(2026, 3, 2, 15, tzinfo=UTC) + timedelta(hours=hours)  # a Monday, 10:00 at the calendar's place

    ledger.append_history(
        "case",
        [
            *case("C-1", ("intake", after(0)), ("check", after(2)), ("intake", after(3)), ("done", after(28))),
            *case("C-2", ("intake", after(0))),
        ],
        source="imported",
    )
    first, second = exported("case")
    assert first == {
        "case": "C-1",
        "started_at": "2026-03-02T15:00:00Z",
        "ended_at": "2026-03-03T19:00:00Z",
        "elapsed_seconds": str(28 * 3600),
        "business_seconds": str((7 + 5) * 3600),
        "intake": str((2 + 4 + 5) * 3600),
        "check": str(1 * 3600),
        "done": "0",
        "source": "imported",
    }
    assert second["ended_at"] == second["check"] == second["done"] == ""
    assert second["intake"] == second["business_seconds"] != ""


def test_an_unknown_workflow_is_refused():
    with pytest.raises(exports.UnknownWorkflow):
        exports.processing_times("nothing")


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "  =", "＝", "＋", "－", "＠", "plain", "'=", " "]
)
def test_no_cell_runs_as_a_formula(start):
    text = f'{start}HYPERLINK("https://example.gov","x")'
    ledger.append_history("case", case(text, ("work", datetime(2026, 3, 2, 15, tzinfo=UTC))), source="imported")
    (row,) = exported("case")
    assert row["case"] == harmless(text)


def test_no_header_runs_as_a_formula():
    ledger.append_history("case", case("C-1", ("=1+1", datetime(2026, 3, 2, 15, tzinfo=UTC))), source="imported")
    assert "'=1+1" in exported("case")[0]


def test_each_user_takes_what_he_may_see(people):
    draft = factories.request(people, "draft")
    transmitted = factories.request(people, "dea_intake")
    both = {draft.number, transmitted.number}
    for user, seen in {
        people.auditor: both,
        people.hsi_hq: both,
        people.coordinator: both,
        people.other_coordinator: set(),
        people.dea_hq: {transmitted.number},
        people.dea_field: {transmitted.number},
        people.other_dea_field: set(),
        people.supervisor: set(),
    }.items():
        assert {row["number"] for row in exported(user=user)} == seen, user.roles
        assert exports.row_count(exports.processing_times("request", user=user)) == len(seen)


def test_an_imported_workflow_is_for_those_who_may_read_any(people):
    ledger.append_history("case", case("C-1", ("work", datetime(2026, 3, 2, 15, tzinfo=UTC))), source="imported")
    assert [row["case"] for row in exported("case", user=people.auditor)] == ["C-1"]
    with pytest.raises(exports.UnknownWorkflow):
        exports.processing_times("case", user=people.coordinator)


def test_each_case_says_where_its_steps_come_from(people):
    at = datetime(2026, 3, 2, 15, tzinfo=UTC)
    ledger.append_history("case", [*case("C-1", ("work", at)), *case("C-2", ("source", at))], source="imported")
    ledger.append("case", [ledger.Step("C-1", "go on", "check")], actor=None)
    rows = exported("case")
    assert [row["source"] for row in rows] == ["imported, system", "imported"]
    assert list(rows[0])[:5] == ["case", "started_at", "ended_at", "elapsed_seconds", "business_seconds"]
    assert list(rows[0])[-1] == "source"
    factories.request(people, "draft")
    assert [row["source"] for row in exported()] == ["system"]
