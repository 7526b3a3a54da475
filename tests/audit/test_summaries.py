"""Figures of closed periods that are kept: equal to those computed, and dropped as soon as they hold no longer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit import calendar, ledger, summaries, summarising, tasks
from audit.ledger import PastStep
from audit.models import Calendar, PeriodFigures, StepEvent, SummarisedPeriod
from audit.reports.figures import Moment, figures
from audit.reports.periods import FISCAL_YEAR, MONTH, WEEK, Period, last_twelve_months
from audit.reports.question import FILED, Question
from designation.demo.data import make_demo_data
from designation.models import Request

pytestmark = pytest.mark.django_db

TODAY = date(2026, 7, 15)
YEAR = Period(date(2025, 7, 1), date(2026, 7, 1))


def case(subject: str, *steps: tuple[str, str, datetime], **dimensions: str) -> list[PastStep]:
    """A history of states with whose clock runs in each and when it was entered; “done” ends it."""
    return [
        PastStep(subject, f"to_{state}", state, party, state == "done", at=at, dimensions=dimensions)
        for state, party, at in steps
    ]


def at(month: int, day: int, hour: int = 15, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


@pytest.fixture
def history(office):
    """Two years of cases in three offices, one of which never ends."""
    steps = []
    for number in range(60):
        start = at(1, 5, year=2025) + timedelta(days=8 * number, hours=number % 5)
        dimensions = {"office": f"O{number % 3}", "kind": ["new", "again"][number % 2], "priority": "routine"}
        steps += case(
            f"C{number:02d}",
            ("check", "us", start),
            ("decide", "them", start + timedelta(days=1 + number % 4, hours=3)),
            ("done", "", start + timedelta(days=5 + number % 11, hours=2)),
            **dimensions,
        )
    ledger.append_history("cases", steps, source=StepEvent.Source.IMPORTED)


def kept_and_computed(question: Question, **how: object) -> tuple[list, list]:
    """The figures as they are had with what is kept, and as they are computed without."""
    moment = Moment.now()
    kept = figures(question, moment, **how)
    assert not summaries.kept_figures(question, [question.period], moment)[1], "nothing was kept"
    SummarisedPeriod.objects.all().delete()
    return kept, figures(question, moment, **how)


@pytest.mark.parametrize(
    "how", [{}, {"by": "office"}, {"every": MONTH}, {"every": WEEK}, {"by": "office", "every": MONTH}]
)
@pytest.mark.parametrize("filters", [{}, {"kind": ("new",)}, {"office": ("O1",)}])
def test_what_is_kept_equals_what_is_computed(history, how, filters):
    summarising.summarise("cases", today=TODAY)
    kept, computed = kept_and_computed(Question("cases", YEAR, dimensions=filters), **how)
    assert kept
    assert kept == computed


def test_a_fiscal_year_begins_in_october(history):
    summarising.summarise("cases", today=TODAY)
    year = Period(date(2024, 10, 1), date(2025, 10, 1))
    assert summaries.kept_figures(Question("cases", year), [year], Moment.now())[1] == []
    kept, computed = kept_and_computed(Question("cases", year), every=FISCAL_YEAR)
    assert kept == computed


def test_demo_data_is_kept_as_it_is_computed():
    make_demo_data(seed=3, count=80, until=timezone.now())
    today = timezone.localdate()
    assert summarising.summarise("request", today=today) > 12
    assert summarising.periods_that_differ("request") == []
    question = Question("request", last_twelve_months(today))
    for by in ("office", "division", "kind", "priority"):
        summarising.summarise("request", today=today)
        kept, computed = kept_and_computed(question, by=by, every=MONTH)
        assert kept == computed


@pytest.mark.parametrize("filters", [{}, {"kind": ("initial",)}])
@pytest.mark.parametrize("how", [{}, {"by": "office"}, {"every": MONTH}, {"by": "office", "every": MONTH}])
def test_of_what_headquarters_of_dea_sees_figures_are_kept_too(people, how, filters):
    make_demo_data(seed=3, count=120, until=timezone.now())
    # More than end before they are sent to DEA of so few.
    Request.objects.filter(pk__in=Request.objects.order_by("pk").values("pk")[:60]).update(transmitted=False)
    today = timezone.localdate()
    summarising.summarise("request", today=today)
    assert summarising.periods_that_differ("request") == []
    of_all = Question("request", last_twelve_months(today), dimensions=filters)
    everything = figures(of_all, Moment.now(), **how)
    kept, computed = kept_and_computed(of_all.but(user=people.dea_hq), **how)
    assert kept == computed
    assert kept != everything


def test_what_is_filed_is_not_kept_of_a_part_since_it_may_become_part_of_it_later(people):
    make_demo_data(seed=3, count=40, until=timezone.now())
    today = timezone.localdate()
    summarising.summarise("request", today=today)
    year = last_twelve_months(today)
    of_part = Question("request", year, user=people.dea_hq)
    assert summaries.kept_counts(summaries.FILED_ONES, of_part, [year], Moment.now()) == ({}, [year])
    assert summaries.kept_counts(summaries.UNCLOCKED, of_part, [year], Moment.now())[1] == []


def test_of_what_an_office_sees_no_figures_are_kept(people):
    make_demo_data(seed=3, count=40, until=timezone.now())
    today = timezone.localdate()
    summarising.summarise("request", today=today)
    year = last_twelve_months(today)
    question = Question("request", year, user=people.coordinator)
    assert summaries.kept_figures(question, [year], Moment.now()) == ([], [year])


def test_figures_that_are_made_again_while_a_page_is_made_are_not_taken_for_empty(history):
    summarising.summarise("cases", today=TODAY)
    question, moment = Question("cases", YEAR), Moment.now()
    before = figures(question, moment)
    SummarisedPeriod.objects.all().delete()
    summarising.summarise("cases", today=TODAY)
    assert figures(question, moment) == before


def test_what_holds_is_asked_once_for_all_reports_of_a_page(history):
    summarising.summarise("cases", today=TODAY)
    moment = Moment.now()
    figures(Question("cases", YEAR), moment)
    with CaptureQueriesContext(connection) as queries:
        figures(Question("cases", YEAR), moment, by="office")
    assert not [query for query in queries if "touching" in query["sql"]]


def holding_years() -> bool:
    return YEAR in summaries.holding("cases", [YEAR], Moment.now().calendar)


def test_a_second_run_has_nothing_to_do(history):
    assert summarising.summarise("cases", today=TODAY) > 0
    assert summarising.summarise("cases", today=TODAY) == 0
    assert holding_years()


def test_a_run_that_has_nothing_to_do_lets_nobody_wait(history):
    summarising.summarise("cases", today=TODAY)
    with CaptureQueriesContext(connection) as queries:
        summarising.summarise("cases", today=TODAY)
    assert not [query for query in queries if "LOCK TABLE" in query["sql"]]


def test_a_workflow_that_cannot_be_summarised_does_not_keep_the_others_from_it(history):
    too_long = {"x" * 150: "a", "y" * 150: "b"}
    steps = case("B1", ("check", "us", at(3, 2)), ("done", "", at(3, 9)), **too_long)
    ledger.append_history("broken", steps, source=StepEvent.Source.IMPORTED)
    with pytest.raises(RuntimeError, match="broken"):
        tasks.summarise_periods()
    assert set(SummarisedPeriod.objects.values_list("workflow", flat=True)) == {"cases"}


def test_a_late_history_drops_its_month_and_no_other(history):
    summarising.summarise("cases", today=TODAY)
    late = case("LATE", ("check", "us", at(3, 2)), ("done", "", at(3, 9)), office="O1")
    ledger.append_history("cases", late, source=StepEvent.Source.IMPORTED)
    months = [Period(date(2026, month, 1), date(2026, month + 1, 1)) for month in (2, 3, 4)]
    held = summaries.holding("cases", months, Moment.now().calendar)
    assert set(held) == {months[0], months[2]}
    found = figures(Question("cases", months[1]), Moment.now(), by="office")
    summarising.summarise("cases", today=TODAY)
    assert figures(Question("cases", months[1]), Moment.now(), by="office") == found


def test_a_reopened_case_leaves_the_month_in_which_it_had_ended(history):
    summarising.summarise("cases", today=TODAY)
    ended = StepEvent.objects.filter(workflow="cases", final=True, at__lt=at(3, 30), at__gte=at(3, 2)).first()
    march = Question("cases", Period(date(2026, 3, 1), date(2026, 4, 1)))
    before = sum(row.requests for row in figures(march, Moment.now(), every=MONTH) if row.measure.what == "process")
    ledger.append(
        "cases", [ledger.Step(ended.subject, "reopen", "decide", "them", dimensions=ended.dimensions)], actor=None
    )
    after = sum(row.requests for row in figures(march, Moment.now(), every=MONTH) if row.measure.what == "process")
    assert after == before - 1
    summarising.summarise("cases", today=TODAY)
    assert summarising.periods_that_differ("cases") == []


def test_a_closure_drops_all(history):
    summarising.summarise("cases", today=TODAY)
    calendar.rebuild(Calendar.objects.get(name="federal"))
    assert not holding_years()


def test_figures_hold_only_for_the_dimensions_that_they_were_made_by(history):
    """As where a second file of the same history brings a dimension that the first did not have."""
    summarising.summarise("cases", today=TODAY)
    more = case("A1", ("check", "us", at(7, 1)), ("done", "", at(7, 9)), area="east", office="O1")
    ledger.append_history("cases", more, source=StepEvent.Source.IMPORTED)
    found = figures(Question("cases", YEAR), Moment.now(), by="area", every=MONTH)
    SummarisedPeriod.objects.all().delete()
    assert found == figures(Question("cases", YEAR), Moment.now(), by="area", every=MONTH)
    assert found


def test_names_of_dimensions_that_languages_order_in_their_own_ways_are_kept_too(office):
    """“desk” stands before “Office” in a dictionary, and after it in the order of characters."""
    steps = case("C1", ("check", "us", at(3, 2)), ("done", "", at(3, 9)), desk="north", Office="O1")
    ledger.append_history("cases", steps, source=StepEvent.Source.IMPORTED)
    summarising.summarise("cases", today=TODAY)
    kept, computed = kept_and_computed(Question("cases", YEAR, dimensions={"desk": ("north",)}), by="Office")
    assert kept
    assert kept == computed


def test_a_rebuild_of_the_stays_drops_all(history):
    summarising.summarise("cases", today=TODAY)
    ledger.rebuild_visits()
    assert not SummarisedPeriod.objects.exists()
    assert not PeriodFigures.objects.exists()


def test_the_check_finds_a_figure_that_was_changed(history, capsys):
    call_command("summarise_periods", "--workflow", "cases")
    call_command("summarise_periods", "--check")
    assert "equal those computed" in capsys.readouterr().out
    changed = PeriodFigures.objects.filter(measure="stage").order_by("pk").first()
    PeriodFigures.objects.filter(pk=changed.pk).update(met=changed.met + 1)
    with pytest.raises(CommandError, match="differ from the stays"):
        call_command("summarise_periods", "--check")


def test_weeks_of_long_ago_are_kept_no_longer(history):
    summarising.summarise("cases", today=date(2026, 2, 10))
    summarising.summarise("cases", today=TODAY)
    weeks = [row for row in SummarisedPeriod.objects.all() if row.until - row.since == timedelta(days=7)]
    assert min(week.since for week in weeks) == date(2025, 6, 30)


def test_the_open_month_is_computed_and_the_closed_ones_are_taken(history):
    summarising.summarise("cases", today=TODAY)
    question = Question("cases", Period(date(2026, 1, 1), date(2026, 7, 15)))
    rows = figures(question, Moment.now(), every=MONTH)
    SummarisedPeriod.objects.all().delete()
    assert rows == figures(question, Moment.now(), every=MONTH)


def test_filed_requests_are_never_taken_from_figures_of_the_ended(history):
    summarising.summarise("cases", today=TODAY)
    question = Question("cases", YEAR, cohort=FILED)
    assert summaries.kept_figures(question, [YEAR], Moment.now()) == ([], [YEAR])
