"""What reports say, against the steps, the exported rows and pandas."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta

import pandas
import pytest
from django.db import connection
from django.utils import timezone

from audit import calendar, exports, ledger, summarising
from audit.exports import Filters
from audit.goals import Entry, goals_for
from audit.ledger import PastStep
from audit.models import Goal, StepEvent
from audit.reports.backlog import Backlog
from audit.reports.behind import Behind, trail
from audit.reports.facts import facts
from audit.reports.figures import Moment, figures
from audit.reports.flow import ProcessMap, Returns, Throughput, unclocked_count
from audit.reports.periods import FISCAL_YEAR, MONTH, WEEK, Period, containing, label, last_twelve_months, split
from audit.reports.question import ENDED, FILED, PARTY, STAGE, Measure, Question
from audit.reports.timeliness import Compared, Stages, Trend
from designation import workflow
from designation.demo.data import make_demo_data
from tests import factories

STAGES = ["hsi_review", "dea_intake", "field_review", "dea_decision", "returned"]


def at(month: int, day: int, hour: int = 15, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def case(subject: str, *steps: tuple[str, str, datetime], reason: str = "", **dimensions: str) -> list[PastStep]:
    return [
        PastStep(subject, f"to_{state}", state, party, state == "done", reason, at=when, dimensions=dimensions)
        for state, party, when in steps
    ]


def whole_year() -> Period:
    today = timezone.localdate()
    return Period(today - timedelta(days=364), today + timedelta(days=1))


def exported(cohort: str, period: Period, **dimensions: tuple[str, ...]) -> pandas.DataFrame:
    """The rows that an auditor takes with the command line, as pandas reads them; times in whole business seconds."""
    filters = Filters(cohort=cohort, first_day=period.since, last_day=period.last_day, dimensions=dimensions)
    export = exports.processing_times("request", filters=filters)
    content = b"".join(exports.stream(export, actor=None, actor_name="test"))
    frame = pandas.read_csv(io.BytesIO(content))
    for column in [name for name in frame if name.endswith("_hours")]:
        frame[column] = (frame[column] * 3600).round()
    return frame


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("dimensions", [{}, {"priority": ("expedited",)}])
@pytest.mark.parametrize("cohort", [ENDED, FILED])
def test_percentiles_are_what_pandas_makes_of_the_exported_rows(cohort, dimensions):
    make_demo_data(seed=11, count=150, until=timezone.now())
    period = whole_year()
    frame = exported(cohort, period, **dimensions)
    expected = {Measure(): frame.total_hours.dropna()}
    expected |= {Measure(PARTY, party): frame[f"{party.lower()}_hours"].dropna() for party in ("HSI", "DEA")}
    expected |= {Measure(STAGE, stage): frame[f"{stage}_hours"].dropna() for stage in STAGES}
    found = figures(Question("request", period, cohort, dimensions), Moment.now())
    checked = 0
    for row in found:
        if row.measure not in expected:
            continue
        column = expected[row.measure]
        assert row.requests == len(column)
        # Open requests of the filed cohort go on between the two readings.
        tolerance = 0 if cohort == ENDED else 5
        for name, value in [("p25", 0.25), ("median", 0.5), ("p75", 0.75), ("p90", 0.9), ("p95", 0.95)]:
            assert getattr(row, name) == pytest.approx(column.quantile(value), abs=tolerance or 1e-6)
        assert row.mean == pytest.approx(column.mean(), abs=tolerance or 1e-6)
        checked += 1
    assert checked > 4


def wasted(plan: dict) -> int:
    """The rows that joins of the plan compared in vain, which grow by the square where a plan reads all for each."""
    own = plan.get("Rows Removed by Join Filter", 0) * plan["Actual Loops"]
    return own + sum(wasted(part) for part in plan.get("Plans", []))


@pytest.mark.django_db
@pytest.mark.parametrize("cohort", [ENDED, FILED])
def test_the_work_of_a_narrow_question_grows_with_the_cases_and_not_with_their_square(cohort):
    count = 1500
    dimensions = {"kind": "new", "office": "O1", "priority": "routine"}
    steps = []
    for number in range(count):
        began = at(1, 5) + timedelta(hours=number)
        stays = [("check", "us", began), ("decide", "them", began + timedelta(days=2))]
        steps += case(f"C{number}", *stays, ("done", "", began + timedelta(days=5)), **dimensions)
    ledger.append_history("cases", steps, source=StepEvent.Source.IMPORTED)
    year = Period(date(2026, 1, 1), date(2027, 1, 1))
    question = Question("cases", year, cohort, {name: (value,) for name, value in dimensions.items()})
    moment = Moment.now()
    of = facts(question, ["office"], moment.calendar, moment.as_of)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE audit_stepevent, audit_stagevisit")
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {of.text}", of.parameters)
        plan = cursor.fetchone()[0][0]["Plan"]
    assert plan["Actual Rows"] == 5 * count
    assert wasted(plan) < 20 * count


@pytest.mark.django_db
class TestFigures:
    def test_the_last_day_counts_whole_and_the_next_does_not(self):
        last, next_day = datetime(2026, 4, 1, 3, 59, 59, tzinfo=UTC), datetime(2026, 4, 1, 4, 0, tzinfo=UTC)
        for subject, end in (("A", last), ("B", next_day)):
            steps = case(subject, ("check", "us", at(3, 2)), ("done", "", end))
            ledger.append_history("cases", steps, source=StepEvent.Source.IMPORTED)
        march = Question("cases", Period(date(2026, 3, 1), date(2026, 4, 1)))
        assert [row.requests for row in figures(march, Moment.now()) if row.measure == Measure()] == [1]

    def test_all_stays_of_a_stage_add_up_and_each_is_judged_by_its_goal(self):
        goal = {"workflow": "cases", "share_percent": 90, "set_by_name": "test", "why": "test"}
        Goal.objects.create(stage="check", business_seconds=8 * 3600, effective_from=at(1, 1), **goal)
        Goal.objects.create(measure="party", party="us", business_seconds=20 * 3600, effective_from=at(1, 1), **goal)
        Goal.objects.create(measure="process", business_seconds=20 * 3600, effective_from=at(1, 1), **goal)
        steps = case(
            "A",
            ("check", "us", at(3, 2)),  # Monday
            ("returned", "them", at(3, 2, 17)),
            ("check", "us", at(3, 3)),
            ("done", "", at(3, 5)),
        )
        ledger.append_history("cases", steps, source=StepEvent.Source.IMPORTED)
        stages = Stages(Question("cases", Period(date(2026, 3, 1), date(2026, 4, 1))), Moment.now())
        check = stages.of(Measure(STAGE, "check"))
        assert check.seconds == (2 + 16) * 3600
        assert (check.stays, check.judged, check.met, check.share_met) == (2, 2, 1, 0.5)
        us, whole = stages.of(Measure(PARTY, "us")), stages.of(Measure())
        assert (us.seconds, us.judged, us.met) == (18 * 3600, 1, 1)
        assert (whole.judged, whole.met) == (1, 0)
        assert whole.seconds == us.seconds + stages.of(Measure(PARTY, "them")).seconds

    def test_each_process_is_judged_by_the_goal_of_its_kind_that_was_in_force_when_it_began(self):
        goal = {"workflow": "cases", "measure": "process", "share_percent": 90, "set_by_name": "test", "why": "test"}
        eras = {"effective_from": at(1, 1), "effective_until": at(3, 2)}, {"effective_from": at(3, 2)}
        for era, hours in zip(eras, (40, 16), strict=True):
            Goal.objects.create(business_seconds=hours * 3600, **era, **goal)
        Goal.objects.create(business_seconds=4 * 3600, effective_from=at(2, 2), applies_to={"kind": "again"}, **goal)
        began = [at(month, day) + timedelta(hours=2 * day) for month in (1, 2, 3) for day in range(1, 28)]
        began += [turn + timedelta(microseconds=before) for turn in (at(2, 2), at(3, 2)) for before in (-1, 0, 1)]
        steps = []
        for number, begins in enumerate(began):
            ends = begins + timedelta(days=number % 9, hours=number % 5)
            steps += case(f"C{number}", ("check", "us", begins), ("done", "", ends), kind=["new", "again"][number % 2])
        ledger.append_history("cases", steps, source=StepEvent.Source.IMPORTED)
        asked = goals_for(
            [Entry("cases", "", step.at, "", step.dimensions, "process") for step in steps if step.to_state == "check"]
        )
        clock = calendar.load()
        taken = [clock.between(first.at, last.at) for first, last in zip(steps[::2], steps[1::2], strict=True)]
        judged = [(goal, seconds) for goal, seconds in zip(asked, taken, strict=True) if goal]
        assert len({goal for goal, _ in judged}) == 3
        question = Question("cases", Period(date(2026, 1, 1), date(2027, 1, 1)))
        (whole,) = figures(question, Moment.now(), measures=[Measure()])
        assert whole.judged == len(judged)
        assert whole.met == sum(seconds <= goal.business_seconds for goal, seconds in judged)

    def test_what_is_open_counts_among_the_filed_and_is_missed_once_it_is_late(self):
        Goal.objects.create(
            workflow="cases", stage="check", business_seconds=3600, effective_from=at(1, 1), set_by_name="t", why="t"
        )
        ledger.append_history("cases", case("A", ("check", "us", at(3, 2))), source=StepEvent.Source.IMPORTED)
        question = Question("cases", Period(date(2026, 3, 1), date(2026, 4, 1)), cohort=FILED)
        moment = Moment.now()
        (check,) = figures(question, moment, measures=[Measure(STAGE, "check")])
        assert check.seconds == calendar.load().between(at(3, 2), moment.as_of)
        assert (check.judged, check.met) == (1, 0)
        assert figures(question.but(cohort=ENDED), moment) == []

    def test_a_reconsidered_request_counts_once_where_it_ended_last(self, people):
        request = factories.request(people, "denied")
        workflow.transition("reconsider", [request.pk], actor=people.dea_hq, reason="New facts.")
        question = Question("request", whole_year())
        assert figures(question, Moment.now()) == []
        workflow.transition("approve", [request.pk], actor=people.dea_hq)
        assert [row.requests for row in figures(question, Moment.now(), measures=[Measure()])] == [1]


@pytest.mark.django_db(transaction=True)
class TestWhatHasNoStay:
    """Cases of one step only, and drafts that were withdrawn before a clock ran."""

    MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))

    @pytest.fixture
    def imported(self):
        """One case of two steps, and one that ended with its first."""
        steps = [*case("A", ("check", "", at(3, 2)), ("done", "", at(3, 3))), *case("B", ("done", "", at(3, 9)))]
        ledger.append_history("cases", steps, source=StepEvent.Source.IMPORTED)
        return Question("cases", self.MARCH)

    def rows(self, cohort: str) -> pandas.DataFrame:
        filters = Filters(cohort=cohort, first_day=self.MARCH.since, last_day=self.MARCH.last_day)
        export = exports.processing_times("cases", filters=filters)
        return pandas.read_csv(io.BytesIO(b"".join(exports.stream(export, actor=None, actor_name="test"))))

    @pytest.mark.parametrize("cohort", [ENDED, FILED])
    @pytest.mark.parametrize("kept", [True, False])
    def test_a_case_of_one_step_counts_with_no_time_in_no_stage(self, imported, cohort, kept):
        if kept:
            summarising.summarise("cases", today=date(2026, 7, 15))
        moment, question, frame = Moment.now(), imported.but(cohort=cohort), self.rows(cohort)
        found = {row.measure: row for row in figures(question, moment)}
        whole = found[Measure()]
        assert (whole.requests, whole.seconds, whole.stays) == (len(frame), frame.business_seconds.sum(), 1)
        assert whole.median == frame.business_seconds.median() == 4 * 3600
        assert found.keys() == {Measure(), Measure(STAGE, "check")}
        assert (found[Measure(STAGE, "check")].requests, frame.check.count(), list(frame.done)) == (1, 1, [0, 0])
        assert [row.subject for row in Behind(question, moment)[:]] == ["A", "B"]
        assert [row[1:3] for row in Throughput(question, moment).table().rows] == [[2, 2]]
        assert summarising.periods_that_differ("cases") == []

    @pytest.mark.parametrize("kept", [True, False])
    def test_drafts_withdrawn_before_any_clock_are_counted_beside_those_with_times(self, people, kept):
        for state in ("draft", "hsi_review"):
            request = factories.request(people, state)
            workflow.transition("withdraw", [request.pk], actor=people.coordinator, reason="Filed twice.")
        moment = Moment.now()
        if kept:
            summarising.summarise("request", today=moment.today + timedelta(days=40))
        question = Question("request", containing(MONTH, moment.today))
        assert [row.requests for row in figures(question, moment, measures=[Measure()])] == [1]
        assert unclocked_count(question, moment) == 1
        assert unclocked_count(question.but(cohort=FILED), moment) == 0
        assert sum(arrow.count for arrow in ProcessMap(question, moment).arrows if not arrow.from_state) == 2
        assert summarising.periods_that_differ("request") == []


@pytest.mark.django_db
def test_everybody_sees_what_he_may_see_in_figures_backlog_and_lists(people):
    factories.requests(people, "approved", count=2)
    factories.requests(people, "hsi_review", count=3)
    factories.request(people, "dea_intake")
    expected = {
        "auditor": (2, 4),
        "hsi_hq": (2, 4),
        "coordinator": (2, 4),
        "dea_hq": (2, 1),
        "dea_field": (2, 1),
        "other_coordinator": (0, 0),
        "other_dea_field": (0, 0),
    }
    moment = Moment.now()
    for who, (ended, still_open) in expected.items():
        question = Question("request", whole_year(), user=getattr(people, who))
        whole = figures(question, moment, measures=[Measure()])
        assert sum(row.requests for row in whole) == ended, who
        total = Backlog(question, moment).total
        assert (total.count if total else 0) == still_open, who
        assert len(Behind(question, moment)) == ended, who
        assert len(Behind(question, moment, {"open_in": ""})) == still_open, who


@pytest.mark.django_db
def test_a_trail_has_states_and_dates_and_is_shown_to_those_who_see_the_request(people):
    request = factories.request(people, "returned")
    question = Question("request", whole_year(), user=people.auditor)
    assert [step.state for step in trail(question, request.number)] == [
        "Draft",
        "HSI review",
        "DEA intake",
        "Returned to HSI",
    ]
    assert trail(question.but(user=people.other_coordinator), request.number) == []
    assert trail(question, "T21-2026-999999") == []


@pytest.mark.django_db
class TestTotalsAgree:
    @pytest.fixture
    def question(self):
        make_demo_data(seed=4, count=100, until=timezone.now())
        return Question("request", whole_year())

    def test_trend_offices_map_and_lists_add_up_to_the_whole(self, question):
        moment = Moment.now()
        whole = Stages(question, moment).of(Measure()).requests
        assert whole > 20
        for every in (WEEK, MONTH, FISCAL_YEAR):
            trend = Trend(question, moment, every)
            assert sum(row[1] for row in trend.table().rows) == whole
            assert sum(row[2] for row in Throughput(question, moment, every).table().rows) == whole
        for by in ("office", "division", "kind", "priority"):
            assert sum(row[1] for row in Compared(question, moment, by).table().rows) == whole
        assert len(Behind(question, moment)) == len(Behind(question, moment).table().rows) == whole
        begun = [arrow.count for arrow in ProcessMap(question, moment).arrows if arrow.from_state == "draft"]
        assert sum(begun) >= whole

    def test_the_filed_are_as_many_in_throughput_as_in_their_cohort(self, question):
        moment = Moment.now()
        filed = sum(row[1] for row in Throughput(question, moment).table().rows)
        (whole,) = figures(question.but(cohort=FILED), moment, measures=[Measure()])
        assert filed == whole.requests

    def test_pictures_have_the_numbers_of_their_tables(self, question):
        moment = Moment.now()
        stages = Stages(question, moment)
        table = {row[0]: row for row in stages.table().rows}
        for bar in stages.picture().data["rows"]:
            assert bar["median"] == table[bar["label"]][3]
            assert bar["p90"] == table[bar["label"]][5]
        backlog = Backlog(question, moment)
        drawn = sum(row["count"] for row in backlog.picture().data["rows"])
        assert drawn == backlog.total.count == sum(row.count for row in backlog.stages if row.stage)
        assert sum(backlog.total.by_age) == backlog.total.count
        trend = Trend(question, moment)
        medians = [row["median"] for row in trend.picture().data["rows"]]
        assert medians == [row[3] for row in trend.table().rows]


@pytest.mark.django_db
def test_returns_are_counted_by_stage_and_reason(people):
    factories.requests(people, "returned", count=3)
    request = factories.request(people, "hsi_review")
    workflow.transition("return_to_office", [request.pk], actor=people.hsi_hq, reason=" Wrong division. ")
    report = Returns(Question("request", whole_year()), Moment.now())
    assert report.table().rows == [
        ["Supervisor's memo is missing.", "DEA intake", 3],
        ["Wrong division.", "HSI review", 1],
    ]
    assert report.by_stage().rows == [["DEA intake", 3, 75.0], ["HSI review", 1, 25.0]]


@pytest.mark.django_db
def test_the_map_has_the_ways_that_were_taken(people):
    factories.requests(people, "approved", count=2)
    arrows = ProcessMap(Question("request", whole_year()), Moment.now())
    assert [
        (arrow.from_state, arrow.to_state, arrow.count) for arrow in sorted(arrows.arrows, key=lambda a: a.place)
    ] == [
        ("", "draft", 2),
        ("draft", "hsi_review", 2),
        ("hsi_review", "dea_intake", 2),
        ("dea_intake", "field_review", 2),
        ("field_review", "dea_decision", 2),
        ("dea_decision", "approved", 2),
    ]
    assert arrows.states == ["draft", "hsi_review", "dea_intake", "field_review", "dea_decision", "approved"]


class TestPeriods:
    def test_the_federal_fiscal_year_begins_in_october(self):
        assert containing(FISCAL_YEAR, date(2026, 9, 30)) == Period(date(2025, 10, 1), date(2026, 10, 1))
        assert label(containing(FISCAL_YEAR, date(2026, 10, 1)), FISCAL_YEAR) == "FY 2027"

    def test_a_period_is_cut_into_whole_months_and_parts(self):
        found = list(split(Period(date(2026, 1, 15), date(2026, 3, 1)), MONTH))
        assert found == [Period(date(2026, 1, 15), date(2026, 2, 1)), Period(date(2026, 2, 1), date(2026, 3, 1))]
        assert [label(period, MONTH) for period in found] == ["Jan 2026 (part)", "Feb 2026"]

    def test_weeks_begin_on_monday(self):
        assert containing(WEEK, date(2026, 3, 1)) == Period(date(2026, 2, 23), date(2026, 3, 2))

    def test_the_last_twelve_months_are_whole(self):
        assert last_twelve_months(date(2026, 1, 31)) == Period(date(2025, 1, 1), date(2026, 1, 1))

    def test_a_period_that_ends_before_it_begins_is_none(self):
        with pytest.raises(ValueError, match="cannot end before"):
            Period(date(2026, 3, 1), date(2026, 3, 1))
