"""The ledger: append-only, a chain for each subject, computed the same way in Python and in SQL."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import ledger, verify
from audit.canonical import HASHED, step_hash
from audit.ledger import LedgerConflict, PastStep
from audit.models import StageVisit, StepEvent
from designation import workflow
from designation.models import Request
from tests import factories

SLOW = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def cursor(db):
    with connection.cursor() as cursor:
        yield cursor


def without_triggers(cursor, sql, *params):
    cursor.execute("SET LOCAL session_replication_role = replica")
    cursor.execute(sql, params)
    cursor.execute("SET LOCAL session_replication_role = origin")


def walk(people, request, choices):
    """Makes the legal transitions that the choices pick, one after another, as far as they go."""
    for choice in choices:
        found = list(Request.transitions_from(request.state))
        legal = [
            (t.name, actor)
            for t in found
            for actor in (people.coordinator, people.hsi_hq, people.dea_field, people.dea_hq)
            if t.has_perm(request, actor) and all(condition(request) for condition in t.conditions)
        ]
        if not legal:
            return
        name, actor = legal[choice % len(legal)]
        request = workflow.transition_one(name, request.pk, actor=actor, reason=f"Step “{choice}” ünïcode\n: 7,")


@SLOW
@given(choices=st.lists(st.integers(0, 100), max_size=12))
def test_any_sequence_of_legal_transitions_verifies(cursor, choices):
    with transaction.atomic():
        people = factories.People()
        walk(people, factories.request(people), choices)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert list(verify.findings()) == []
        assert ledger.visits_that_differ() == []
        transaction.set_rollback(True)


CHANGES = {
    "id": "id + 100000",
    "workflow": "'designation'",
    "subject": "subject || 'x'",
    "sequence": "sequence + 7",
    "transition": "'deny'",
    "from_state": "'returned'",
    "to_state": "'denied'",
    "party": "party || 'X'",
    "final": "NOT final",
    "actor_id": "NULL",
    "actor_name": "'nobody'",
    "actor_agency": "'FBI'",
    "actor_role": "'auditor'",
    "at": "at - interval '1 microsecond'",
    "reason": "reason || ' '",
    "dimensions": """dimensions || '{"office": "HSI-XYZ"}'""",
    "source": "'imported'",
    "previous_hash": "sha256(previous_hash)",
    "hash": "sha256(hash)",
}


def test_every_column_of_a_step_is_among_the_changes_tried():
    assert set(CHANGES) == {field.column for field in StepEvent._meta.fields}


@pytest.mark.parametrize("column", CHANGES)
def test_any_single_change_to_a_stored_step_is_found(people, cursor, column):
    request = factories.request(people, "field_review")
    for step in StepEvent.objects.filter(subject=request.number):
        with transaction.atomic():
            without_triggers(cursor, f"UPDATE audit_stepevent SET {column} = {CHANGES[column]} WHERE id = %s", step.pk)
            assert list(verify.findings()), f"step {step.sequence}"
            transaction.set_rollback(True)


def test_text_moved_over_the_edge_of_a_field_is_found(people, cursor):
    """The canonical form is unambiguous: the same bytes in other fields do not keep the hash."""
    step = StepEvent.objects.filter(subject=factories.request(people, "returned").number).latest("sequence")
    sql = "UPDATE audit_stepevent SET reason = %s, actor_role = actor_role || %s WHERE id = %s"
    for at in range(1, len(step.reason)):
        with transaction.atomic():
            without_triggers(cursor, sql, step.reason[at:], step.reason[:at], step.pk)
            assert [finding.step for finding in verify.findings()] == [step.pk]
            transaction.set_rollback(True)


def test_a_removed_step_is_found(people, cursor):
    steps = list(StepEvent.objects.filter(subject=factories.request(people, "field_review").number))
    for step in steps:
        with transaction.atomic():
            without_triggers(cursor, "DELETE FROM audit_stepevent WHERE id = %s", step.pk)
            assert list(verify.findings()), f"step {step.sequence}"
            transaction.set_rollback(True)


def test_two_steps_in_each_others_place_are_found(people, cursor):
    request = factories.request(people, "field_review")
    sql = "UPDATE audit_stepevent SET sequence = 5 - sequence WHERE subject = %s AND sequence IN (2, 3)"
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute("ALTER TABLE audit_stepevent DROP CONSTRAINT stepevent_sequence_unique")
    without_triggers(cursor, sql, request.number)
    assert next(verify.findings()).sequence == 2


TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=20)
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2069, 1, 1), timezones=st.just(UTC))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(TEXT, min_size=10, max_size=10),
    numbers=st.tuples(st.integers(1, 2**62), st.integers(1, 2**31 - 1), st.none() | st.integers(1, 2**62)),
    at=TIMES,
    dimensions=st.dictionaries(TEXT, TEXT, max_size=4),
    final=st.booleans(),
    previous=st.binary(max_size=32),
)
def test_python_and_sql_compute_the_same_hash(cursor, texts, numbers, at, dimensions, final, previous):
    names = (
        "workflow",
        "subject",
        "transition",
        "from_state",
        "to_state",
        "party",
        "actor_name",
        "actor_agency",
    )
    step = dict(zip((*names, "actor_role", "reason"), texts, strict=True))
    step |= dict(zip(("id", "sequence", "actor_id"), numbers, strict=True))
    step |= {"at": at, "final": final, "source": "system", "previous_hash": previous}
    cursor.execute(
        """SELECT audit_step_hash(%(id)s, %(workflow)s, %(subject)s, %(sequence)s, %(transition)s, %(from_state)s,
        %(to_state)s, %(party)s, %(final)s, %(actor_id)s, %(actor_name)s, %(actor_agency)s, %(actor_role)s, %(at)s,
        %(reason)s, %(dimensions)s, %(source)s, %(previous_hash)s)""",
        {**step, "dimensions": ledger._json(dimensions)},
    )
    assert bytes(cursor.fetchone()[0]) == step_hash([{**step, "dimensions": dimensions}[name] for name in HASHED])


@pytest.mark.parametrize(
    "act",
    ["UPDATE audit_stepevent SET reason = ''", "DELETE FROM audit_stepevent", "TRUNCATE audit_stepevent"],
)
def test_raw_sql_cannot_change_the_ledger(people, cursor, act):
    factories.request(people, "hsi_review")
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(DatabaseError, match="refused: it keeps the record"):
        cursor.execute(act)


def test_a_request_is_never_deleted(people, cursor):
    factories.request(people)
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(DatabaseError, match="refused: it keeps the record"):
        cursor.execute("DELETE FROM designation_request")


def test_no_state_changes_without_a_step(people, cursor):
    request = factories.request(people, "hsi_review")
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    cursor.execute("UPDATE designation_request SET state = 'withdrawn' WHERE id = %s", [request.pk])
    with pytest.raises(IntegrityError, match="its last step led to hsi_review"):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_no_step_is_added_without_its_state(people, cursor):
    request = factories.request(people, "hsi_review")
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError, match="its last step led to dea_intake"):
        ledger.append("request", [ledger.Step(request.number, "endorse", "dea_intake")], actor=people.hsi_hq)


def test_a_step_of_this_system_cannot_be_backdated(people, cursor):
    step = StepEvent.objects.filter(subject=factories.request(people).number).latest("sequence")
    step.pk, step.sequence, step.at = None, 2, step.at - timedelta(days=1)
    with pytest.raises(IntegrityError, match="timed by the database"):
        step.save(force_insert=True)


def test_a_step_without_its_row_is_found(cursor):
    cursor.execute("SET LOCAL session_replication_role = replica")
    ledger.append("request", [ledger.Step("T21-2026-999999", "create", "draft")], actor=None)
    cursor.execute("SET LOCAL session_replication_role = origin")
    assert [finding.problem for finding in verify.findings()] == ["its row is missing"]


def test_the_command_exits_with_an_error_that_names_the_first_bad_event(people, cursor):
    request = factories.request(people, "field_review")
    bad = StepEvent.objects.filter(subject=request.number).order_by("sequence")[1]
    without_triggers(cursor, "UPDATE audit_stepevent SET reason = 'better' WHERE id = %s", bad.pk)
    with pytest.raises(CommandError, match=rf"First bad event {bad.pk} \(request {request.number}, step 2\)"):
        call_command("verify_ledger")


def test_the_command_names_the_first_bad_event_of_the_ledger_however_few_it_lists(people, cursor):
    """By its number, not by that of its request."""
    *later, first = (factories.request(people, "hsi_review").number for _ in range(3))
    highest = StepEvent.objects.latest("pk").pk
    without_triggers(cursor, "UPDATE audit_stepevent SET id = id + %s WHERE subject = ANY(%s)", highest, later)
    without_triggers(cursor, "UPDATE audit_stepevent SET reason = 'x' WHERE sequence = %s", 2)
    bad = StepEvent.objects.get(subject=first, sequence=2)
    with pytest.raises(CommandError, match=f"First bad event {bad.pk} "):
        call_command("verify_ledger", show=1)


def test_the_check_names_a_visit_that_is_not_what_the_steps_lead_to(people, cursor):
    request = factories.request(people, "field_review")
    call_command("rebuild_stage_visits", "--check")
    StageVisit.objects.filter(subject=request.number, stage="dea_intake").update(business_seconds=12345)
    with pytest.raises(CommandError, match=f"{request.number} step 3"):
        call_command("rebuild_stage_visits", "--check")
    call_command("rebuild_stage_visits")
    call_command("rebuild_stage_visits", "--check")


def past(subject, at, to_state, **values):
    return PastStep(subject, "move", to_state, at=at, actor_name="clerk", dimensions={"office": "North"}, **values)


MONDAY = datetime(2024, 3, 4, 15, tzinfo=UTC)  # 10:00 in Washington


def test_a_past_history_is_chained_measured_and_marked(cursor):
    steps = [
        past("A", MONDAY, "open"),
        past("B", MONDAY, "open"),
        past("A", MONDAY + timedelta(days=1), "shut", final=True),
    ]
    assert ledger.append_history("legacy", steps, source="imported") == 3
    assert list(verify.findings()) == []
    assert set(StepEvent.objects.values_list("source", flat=True)) == {"imported"}
    visits = StageVisit.objects.order_by("subject").values_list("subject", "stage", "business_seconds")
    assert list(visits) == [("A", "open", 8 * 3600), ("B", "open", None)]


def beginnings(subject):
    """The stages of a subject in their order, each with the stage in which its clock had begun; empty if in none."""
    visits = list(StageVisit.objects.filter(subject=subject).order_by("sequence"))
    entered = {visit.entered_at: visit.stage for visit in visits} | {None: ""}
    return [(visit.stage, entered[visit.clock_began_at]) for visit in visits]


def test_a_stay_says_when_the_clock_of_its_request_first_ran(people):
    """A draft is on nobody's clock; no return resets it."""
    request = factories.request(people, "field_review")
    assert beginnings(request.number) == [
        ("draft", ""),
        ("hsi_review", ""),
        ("dea_intake", "hsi_review"),
        ("field_review", "hsi_review"),
    ]


def test_of_a_history_without_declared_parties_every_stay_counts(cursor):
    steps = [past("A", MONDAY + timedelta(days=day), stage) for day, stage in enumerate(["open", "asked", "again"])]
    ledger.append_history("legacy", steps, source="imported")
    ledger.append("legacy", [ledger.Step("A", "move", "more")], actor=None)
    assert beginnings("A") == [("open", ""), ("asked", "open"), ("again", "open"), ("more", "open")]
    assert ledger.visits_that_differ() == []


def test_an_upgrade_fills_in_when_clocks_began(people, cursor):
    factories.request(people, "field_review")
    ledger.append_history("legacy", [past("A", MONDAY, "open"), past("A", MONDAY, "asked")], source="imported")
    StageVisit.objects.update(clock_began_at=None)
    assert ledger.visits_that_differ()
    upgrade = import_module("audit.migrations.0021_beginnings_of_clocks")
    upgrade.fill(apps, connection.schema_editor(atomic=False))
    assert ledger.visits_that_differ() == []


def test_a_history_is_refused_whole_when_its_time_runs_backwards(cursor):
    steps = [past("A", MONDAY, "open"), past("A", MONDAY - timedelta(seconds=1), "shut")]
    with pytest.raises(LedgerConflict, match="A: its time runs backwards"), transaction.atomic():
        ledger.append_history("legacy", steps, source="imported")
    assert not StepEvent.objects.exists()


def test_a_history_of_a_subject_on_record_is_refused(cursor):
    ledger.append_history("legacy", [past("A", MONDAY, "open")], source="imported")
    with pytest.raises(LedgerConflict, match="holds it already"), transaction.atomic():
        ledger.append_history("legacy", [past("A", MONDAY, "open")], source="imported")
