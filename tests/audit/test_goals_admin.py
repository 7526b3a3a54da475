"""Who sets and ends goals, who enters and withdraws closures, and what the forms refuse."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from audit import calendar
from audit.goals import end_goal, set_goal
from audit.models import Calendar, Closure, Goal
from audit.moments import moment

pytestmark = pytest.mark.django_db
GOALS, NEW_GOAL = reverse("admin:audit_goal_changelist"), reverse("admin:audit_goal_add")
CLOSURES, NEW_CLOSURE = reverse("admin:audit_closure_changelist"), reverse("admin:audit_closure_add")
UNSEEN = "\u200b\u200b"  # zero-width spaces
INTAKE, REVIEW = "request|stage|dea_intake", "request|stage|hsi_review"


@pytest.fixture
def as_user(client):
    def sign_in(user: Any) -> Any:
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture(autouse=True)
def calendar_as_before():
    """Tests that roll back leave the calendar in memory behind."""
    yield
    calendar._clocks.clear()


def entry(**values: str) -> dict[str, str]:
    given = {"target": INTAKE, "amount": "2", "unit": "days", "share_percent": "90", "why": "GAO asked for goals."}
    return given | values


def post_confirmed(client: Any, page: str, values: dict[str, str]) -> Any:
    """Posts a form that asks, and posts it again as it came back, once what will happen was read."""
    asked = client.post(page, values)
    assert asked.context["asks"]
    return client.post(page, values | {"confirmed": asked.context["adminform"].form["confirmed"].value()})


def test_a_goal_cannot_be_limited_to_what_its_workflow_does_not_record(as_user, people):
    """A dispute has no priority."""
    target = "dispute|process|"
    response = as_user(people.hsi_hq).post(NEW_GOAL, entry(target=target, priority="expedited"))
    assert "no such value on record" in errors(response)
    assert not Goal.objects.filter(workflow="dispute", applies_to={"priority": "expedited"}).exists()


def test_what_was_set_is_said_in_words(as_user, people):
    page = as_user(people.dea_hq).post(NEW_GOAL, entry(), follow=True)
    set_at = moment(Goal.objects.get().effective_from)
    assert (
        "The goal is set: Request: each stay in “DEA intake”, within 2 business days, for at least 90 %, "
        f"in force from {set_at}." in page.text
    )


def test_closing_days_to_come_measures_no_ended_stay_again(as_user, people):
    day = timezone.localdate() + timedelta(days=60)
    day += timedelta(days=(7 - day.weekday()) % 7 + 1)  # a Tuesday
    values = {
        "calendar": str(Calendar.objects.get(name="federal").pk),
        "first_day": day.isoformat(),
        "last_day": day.isoformat(),
        "reason": "Move of the office",
        "authority": "Notice 1",
    }
    asks = as_user(people.operator).post(NEW_CLOSURE, values).context["asks"]
    assert "0 ended stays will have a later due time, and keep the measure." in asks


def of(goal: Goal) -> str:
    return reverse("admin:audit_goal_change", args=[goal.pk])


def errors(response: Any) -> str:
    return " ".join(
        str(message) for messages in response.context["adminform"].form.errors.values() for message in messages
    )


def test_a_headquarters_sets_a_goal_for_its_own_stage_at_once_with_who_and_why_on_record(people, as_user):
    before = timezone.now()
    response = as_user(people.dea_hq).post(NEW_GOAL, entry(priority="expedited", unit="hours"))
    assert response.url == GOALS
    goal = Goal.objects.get()
    assert before <= goal.effective_from <= timezone.now()
    assert (goal.workflow, goal.measure, goal.stage, goal.party) == ("request", "stage", "dea_intake", "")
    assert (goal.applies_to, goal.business_seconds, goal.share_percent) == ({"priority": "expedited"}, 7200, 90)
    assert (goal.set_by_name, goal.why) == (people.dea_hq.recorded_name, "GAO asked for goals.")
    assert LogEntry.objects.get().user == people.dea_hq


@pytest.mark.parametrize(
    ("role", "target", "allowed"),
    [
        ("dea_hq", INTAKE, True),
        ("dea_hq", REVIEW, False),
        ("dea_hq", "request|party|DEA", True),
        ("dea_hq", "request|party|HSI", False),
        ("dea_hq", "request|process|", True),
        ("hsi_hq", REVIEW, True),
        ("hsi_hq", "request|stage|returned", True),
        ("hsi_hq", INTAKE, False),
        ("hsi_hq", "request|process|", True),
        ("hsi_hq", "request|stage|draft", False),
    ],
)
def test_no_party_sets_the_other_s_goals(people, as_user, role, target, allowed):
    response = as_user(getattr(people, role)).post(NEW_GOAL, entry(target=target))
    assert Goal.objects.exists() == allowed
    assert allowed or "not one of the available choices" in errors(response)


@pytest.mark.parametrize("role", ["auditor", "operator", "dea_field", "training_manager"])
def test_others_set_no_goal_and_end_none(people, as_user, role):
    client = as_user(getattr(people, role))
    goal = set_goal(_goal(), at_once=True)
    assert client.post(NEW_GOAL, entry(target=REVIEW)).status_code == 403
    assert client.post(of(goal), {"reason": "No."}).status_code == 403
    goal.refresh_from_db()
    assert goal.effective_until is None
    assert client.get(of(goal)).status_code == (200 if role in ("auditor", "operator") else 403)


def _goal(**fields: object) -> Goal:
    given = {
        "workflow": "request",
        "stage": "dea_intake",
        "business_seconds": 57600,
        "effective_from": timezone.now(),
        "set_by_name": "hq",
        "why": "A test",
    }
    return Goal(**(given | fields))


def test_a_second_goal_for_the_same_is_refused_in_words(people, as_user):
    client = as_user(people.dea_hq)
    client.post(NEW_GOAL, entry())
    day = timezone.localdate() + timedelta(days=9)
    response = client.post(NEW_GOAL, entry(amount="9", first_day=day.isoformat()))
    assert "A goal for the same is in force at that time (number" in errors(response)
    assert Goal.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_loses_the_race_to_set_a_goal_keeps_the_input(people, as_user):
    client, answers = as_user(people.dea_hq), []

    def post() -> None:
        try:
            answers.append(client.post(NEW_GOAL, entry(amount="30")))
        finally:
            connection.close()

    second = threading.Thread(target=post)
    with transaction.atomic():
        set_goal(_goal(), at_once=True)
        second.start()
        second.join(timeout=1)
        assert second.is_alive()
    second.join(timeout=20)
    [answer] = answers
    assert errors(answer).count("Request: each stay in “DEA intake”, within 2 business days") == 1
    assert answer.context["adminform"].form["amount"].value() == "30"
    assert Goal.objects.count() == 1


def test_goals_that_apply_to_some_of_the_same_are_named_before_the_new_one_is_set(people, as_user):
    client = as_user(people.dea_hq)
    expedited = set_goal(_goal(applies_to={"priority": "expedited"}, business_seconds=28800), at_once=True)
    anyones = set_goal(_goal(), at_once=True)
    asked = client.post(NEW_GOAL, entry(kind="initial", amount="30"))
    assert asked.context["asks"][1:] == [
        f"Number {expedited.pk} is for some of the same (Request: each stay in “DEA intake”, Expedited, within "
        "1 business day): of those, that one is asked, because it is shorter.",
        f"Number {anyones.pk} is for some of the same (Request: each stay in “DEA intake”, within 2 business days): "
        "of those, this one is asked, because it names more.",
    ]
    says = (
        "This goal will be set: Request: each stay in “DEA intake”, Initial, within 30 business days, for at least 90 %"
    )
    assert asked.context["asks"][0] == f"{says}, in force from this moment on."
    day = timezone.localdate() + timedelta(days=9)
    asked = client.post(NEW_GOAL, entry(kind="initial", amount="30", first_day=day.isoformat()))
    assert asked.context["asks"][0] == f"{says}, in force from {date_format(day, 'N j, Y')}."
    assert "of two that name as much, the shorter" in client.get(NEW_GOAL).text
    assert post_confirmed(client, NEW_GOAL, entry(kind="initial", amount="30")).url == GOALS
    assert Goal.objects.count() == 3


@pytest.mark.parametrize("share", ["0", "101", "150"])
def test_a_percentage_is_refused_at_its_field_in_words(people, as_user, share):
    form = as_user(people.dea_hq).post(NEW_GOAL, entry(share_percent=share)).context["adminform"].form
    assert form.errors == {"share_percent": ["Give a whole percentage from 1 to 100."]}


def test_a_goal_does_not_begin_today_as_a_whole_or_in_the_past(people, as_user):
    for days in (0, 1):
        day = timezone.localdate() - timedelta(days=days)
        response = as_user(people.dea_hq).post(NEW_GOAL, entry(first_day=day.isoformat()))
        assert "never alters what was measured before" in errors(response)


@pytest.mark.parametrize("day", ["2070-01-01", "3000-01-01", "9999-12-31"])
def test_a_goal_begins_and_ends_on_days_of_the_calendar(people, as_user, day):
    goal, client = set_goal(_goal(), at_once=True), as_user(people.dea_hq)
    says = ["The calendar has no such day: it runs from 1990-01-01 to 2069-12-31."]
    ending = client.post(of(goal), {"last_day": day, "reason": "A slip."})
    assert ending.context["adminform"].form.errors == {"last_day": says}
    beginning = client.post(NEW_GOAL, entry(first_day=day, priority="expedited"))
    assert beginning.context["adminform"].form.errors == {"first_day": says}
    assert list(Goal.objects.values_list("effective_until")) == [(None,)]


@pytest.mark.parametrize(
    "wrong", [{"amount": "0"}, {"amount": "1.5"}, {"share_percent": "101"}, {"why": ""}, {"why": UNSEEN}]
)
def test_a_goal_that_makes_no_sense_is_refused(people, as_user, wrong):
    assert as_user(people.dea_hq).post(NEW_GOAL, entry(**wrong)).status_code == 200
    assert not Goal.objects.exists()


def test_a_goal_is_ended_by_its_own_headquarters_with_the_last_day_and_why(people, as_user):
    goal = set_goal(_goal(), at_once=True)
    assert as_user(people.hsi_hq).post(of(goal), {"reason": "Not ours."}).status_code == 403
    day = timezone.localdate() + timedelta(days=3)
    entered = {"last_day": day.isoformat(), "reason": "Four days from May."}
    response = post_confirmed(as_user(people.dea_hq), of(goal), entered)
    assert response.url == GOALS
    goal.refresh_from_db()
    assert timezone.localtime(goal.effective_until).date() == day + timedelta(days=1)
    assert (goal.ended_by_name, goal.ended_why) == (people.dea_hq.recorded_name, "Four days from May.")
    later = {"last_day": day.isoformat(), "reason": "Again."}
    assert "on which it ends anyway" in errors(as_user(people.dea_hq).post(of(goal), later))


def test_an_end_is_asked_about_first_and_a_mistyped_one_brought_forward(people, as_user):
    goal, client = set_goal(_goal(), at_once=True), as_user(people.dea_hq)
    mistyped = timezone.localdate() + timedelta(days=14_610)
    entered = {"last_day": mistyped.isoformat(), "reason": "Until next year."}
    asked = client.post(of(goal), entered)
    assert "14,610 days from today" in asked.text
    assert "Please correct" not in asked.text
    assert Goal.objects.get().effective_until is None
    post_confirmed(client, of(goal), entered)
    confirmed_for_another_day = {"last_day": (mistyped - timedelta(days=1)).isoformat(), "reason": "x"}
    token = asked.context["adminform"].form["confirmed"].value()
    assert client.post(of(goal), confirmed_for_another_day | {"confirmed": token}).context["asks"]
    soon = timezone.localdate() + timedelta(days=3)
    post_confirmed(client, of(goal), {"last_day": soon.isoformat(), "reason": "A slip."})
    page = client.get(of(goal)).text
    assert f"{date_format(soon, 'N j, Y')}" in page
    assert f"{date_format(mistyped, 'N j, Y')}: decided by {people.dea_hq.recorded_name}" in page
    assert "Until next year." in page
    assert "+00:00" not in page


def test_of_a_goal_that_never_comes_into_force_nothing_is_said_to_be_measured(people, as_user):
    planned = set_goal(_goal(effective_from=timezone.now() + timedelta(days=9)))
    entered = {"last_day": (timezone.localdate() + timedelta(days=3)).isoformat(), "reason": "A slip."}
    for ending in (entered, {"reason": "A slip."}):
        assert as_user(people.dea_hq).post(of(planned), ending).context["asks"] == [
            "The goal ends: Request: each stay in “DEA intake”, within 2 business days. It never comes into force.",
            "Nothing is measured against it.",
            "This is never taken back. Another goal can follow.",
        ]


def test_who_ends_a_goal_that_another_ended_meanwhile_is_told_who_did_and_when(people, as_user):
    goal, client = set_goal(_goal(), at_once=True), as_user(people.dea_hq)
    entered = {"reason": "Replaced."}
    confirmed = client.post(of(goal), entered).context["adminform"].form["confirmed"].value()
    ended = end_goal(goal, ended_by_name="Another Person", why="Too slow.")
    answer = client.post(of(goal), entered | {"confirmed": confirmed}, follow=True)
    assert answer.redirect_chain == [(of(goal), 302)]
    told = f"Already ended by Another Person on {moment(ended.ended_at)}. Nothing was changed."
    assert told in answer.text
    goal.refresh_from_db()
    assert (goal.ended_why, goal.effective_until) == ("Too slow.", ended.effective_until)
    assert as_user(people.hsi_hq).post(of(goal), entered).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_who_loses_the_race_to_end_a_goal_is_told_who_did(people, as_user):
    goal, client, answers = set_goal(_goal(), at_once=True), as_user(people.dea_hq), []
    entered = {"reason": "Replaced."}
    entered["confirmed"] = client.post(of(goal), entered).context["adminform"].form["confirmed"].value()

    def post() -> None:
        try:
            answers.append(client.post(of(goal), entered))
        finally:
            connection.close()

    second = threading.Thread(target=post)
    with transaction.atomic():
        end_goal(goal, ended_by_name="Another Person", why="Too slow.")
        second.start()
        second.join(timeout=1)
        assert second.is_alive()
    second.join(timeout=20)
    [answer] = answers
    assert answer.url == of(goal)
    assert "Already ended by Another Person" in client.get(of(goal)).text


def test_the_end_of_a_goal_takes_no_reason_that_cannot_be_seen(people, as_user):
    goal = set_goal(_goal(), at_once=True)
    assert "required" in errors(as_user(people.dea_hq).post(of(goal), {"reason": UNSEEN}))


def test_ending_a_goal_changes_nothing_else_of_it_whatever_is_posted(people, as_user):
    goal = set_goal(_goal(), at_once=True)
    forged = {
        "reason": "Done.",
        "business_seconds": "1",
        "share_percent": "1",
        "effective_from": "2020-01-01",
        "why": "x",
    }
    post_confirmed(as_user(people.dea_hq), of(goal), {"reason": "Done.", **forged})
    ended = Goal.objects.get()
    assert ended.effective_until is not None
    assert (ended.business_seconds, ended.share_percent, ended.effective_from, ended.why) == (
        goal.business_seconds,
        goal.share_percent,
        goal.effective_from,
        goal.why,
    )


def test_the_list_tells_what_is_in_force_from_what_was_and_will_be(people, as_user):
    client = as_user(people.auditor)
    set_goal(_goal(), at_once=True)
    set_goal(_goal(stage="field_review", effective_from=timezone.now() + timedelta(days=2)))
    shown = {
        standing: [goal.stage for goal in client.get(GOALS, {"standing": standing}).context["cl"].result_list]
        for standing in ("in_force", "planned", "ended")
    }
    assert shown == {"in_force": ["dea_intake"], "planned": ["field_review"], "ended": []}
    assert "Request: each stay in “DEA intake”" in client.get(GOALS).text


def test_the_heading_and_the_breadcrumbs_of_a_goal_call_its_stage_as_people_do(people, as_user):
    page = as_user(people.auditor).get(of(set_goal(_goal(), at_once=True)))
    named = "Request: each stay in “DEA intake”, within 2 business days, 90 %"
    assert page.context["subtitle"] == named
    assert f"&rsaquo; {named}" in page.text
    assert "dea_intake" not in page.text


def shown(page: Any) -> dict[str, str]:
    """What a page of the admin shows and does not ask, by its labels."""
    form = page.context["adminform"]
    fields = [field for fieldset in form for line in fieldset for field in line if field.is_readonly]
    return {field.field["label"]: field.contents() for field in fields}


def test_the_page_of_an_ended_goal_says_who_why_and_when_with_the_zone(people, as_user):
    goal = set_goal(_goal(), at_once=True)
    goal.refresh_from_db()
    ended = end_goal(goal, ended_by_name="Another Person", why="Too slow.")
    page = shown(as_user(people.auditor).get(of(goal)))
    assert page["Created at"] == moment(goal.created_at)
    assert (page["Ended by"], page["Why ended"]) == ("Another Person", "Too slow.")
    assert page["End decided at"] == moment(ended.ended_at)


def test_the_page_of_a_goal_that_was_set_with_its_end_says_nothing_of_who_ended_it(people, as_user):
    until = timezone.now() + timedelta(days=9)
    page = shown(as_user(people.auditor).get(of(set_goal(_goal(effective_until=until), at_once=True))))
    assert page["Last in force"].startswith(date_format(timezone.localtime(until), "N j, Y"))
    assert "Ended by" not in page


def test_the_history_of_changes_names_no_hidden_field(people, as_user):
    goal = set_goal(_goal(), at_once=True)
    post_confirmed(as_user(people.dea_hq), of(goal), {"reason": "Replaced."})
    assert LogEntry.objects.get().get_change_message() == "Changed Why it ends."


def test_the_list_and_the_page_of_goals_show_the_number_that_messages_cite(people, as_user):
    client, goal = as_user(people.dea_hq), set_goal(_goal(), at_once=True)
    assert f"(number {goal.pk}: " in errors(client.post(NEW_GOAL, entry()))
    assert f'<a href="{of(goal)}">{goal.pk}</a>' in client.get(GOALS).text
    assert shown(client.get(of(goal)))["Number"] == str(goal.pk)


def closure(**values: str) -> dict[str, str]:
    federal = Calendar.objects.get(name=calendar.default_name())
    given = {
        "calendar": str(federal.pk),
        "first_day": "2026-03-05",
        "last_day": "2026-03-06",
        "reason": "Snow emergency",
        "authority": "OPM notice of 5 March 2026",
    }
    return given | values


def test_a_closure_of_one_day_names_it_once(people, as_user):
    asked = as_user(people.operator).post(NEW_CLOSURE, closure(last_day="2026-03-05")).context["asks"]
    assert asked[0] == "1 working day will not be worked: Thursday, March 5, 2026, in the calendar “federal”."


def test_an_operator_enters_a_closure_which_is_on_record_and_in_the_calendar(people, as_user):
    version = calendar.load().version
    client = as_user(people.operator)
    asked = client.post(NEW_CLOSURE, closure())
    assert asked.context["asks"][0].startswith("2 working days will not be worked: Thursday, March 5, 2026 to Friday")
    assert "0 open stays will have a later due time." in asked.context["asks"]
    assert not Closure.objects.exists()
    response = client.get(post_confirmed(client, NEW_CLOSURE, closure()).url)
    entered = Closure.objects.get()
    assert (entered.entered_by_name, entered.authority) == (people.operator.recorded_name, "OPM notice of 5 March 2026")
    assert calendar.load().version == version + 1
    assert f"The calendar is at version {version + 1} now" in response.text
    assert LogEntry.objects.get().user == people.operator


def test_an_operator_withdraws_a_closure_once(people, as_user):
    client = as_user(people.operator)
    post_confirmed(client, NEW_CLOSURE, closure())
    page = reverse("admin:audit_closure_change", args=[Closure.objects.get().pk])
    for blank in ("", UNSEEN):
        assert "required" in errors(client.post(page, {"withdraw_why": blank}))
    assert post_confirmed(client, page, {"withdraw_why": "The wrong week.", "reason": "forged"}).url == CLOSURES
    withdrawn = Closure.objects.get()
    assert (withdrawn.withdrawn_by_name, withdrawn.withdrawn_why) == (people.operator.recorded_name, "The wrong week.")
    assert withdrawn.reason == "Snow emergency"
    told = [str(message) for message in get_messages(client.get(CLOSURES).wsgi_request)]
    assert f"The closure is withdrawn: {withdrawn}." in told
    again = client.post(page, {"withdraw_why": "Again."}, follow=True)
    assert again.redirect_chain == [(page, 302)]
    told = f"Already withdrawn by {people.operator.recorded_name} on {moment(withdrawn.withdrawn_at)}."
    assert told in again.text
    assert "The wrong week." in again.text
    assert as_user(people.auditor).post(page, {"withdraw_why": "Again."}).status_code == 403
    assert Closure.objects.get().withdrawn_why == "The wrong week."


def test_the_page_of_a_closure_says_who_entered_and_withdrew_it_why_and_when_with_the_zone(people, as_user):
    client = as_user(people.operator)
    post_confirmed(client, NEW_CLOSURE, closure())
    entered = Closure.objects.get()
    page = reverse("admin:audit_closure_change", args=[entered.pk])
    name = people.operator.recorded_name
    before = shown(client.get(page))
    assert (before["Entered by"], before["Entered at"]) == (name, moment(entered.entered_at))
    assert (before["Withdrawn"], "Withdrawn by" in before) == ("No", False)
    post_confirmed(client, page, {"withdraw_why": "The wrong week."})
    after = shown(client.get(page))
    assert (after["Withdrawn by"], after["Why withdrawn"]) == (name, "The wrong week.")
    assert after["Withdrawn"] == moment(Closure.objects.get().withdrawn_at)


def test_the_list_and_the_page_of_closures_show_the_number_that_messages_cite(people, as_user):
    client = as_user(people.operator)
    post_confirmed(client, NEW_CLOSURE, closure())
    number = Closure.objects.get().pk
    page = reverse("admin:audit_closure_change", args=[number])
    assert f"on record already: number {number}," in errors(client.post(NEW_CLOSURE, closure()))
    assert f'<a href="{page}">{number}</a>' in client.get(CLOSURES).text
    assert shown(client.get(page))["Number"] == str(number)


@pytest.mark.parametrize("role", ["dea_hq", "hsi_hq", "auditor", "dea_field"])
def test_neither_party_moves_its_own_clock(people, as_user, role):
    assert as_user(getattr(people, role)).post(NEW_CLOSURE, closure()).status_code == 403


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"last_day": "2026-03-04"}, "before the first"),
        ({"open_from": "12:00", "open_until": "12:00"}, "close before they open"),
        ({"authority": ""}, "required"),
        ({"authority": UNSEEN}, "required"),
        ({"reason": UNSEEN}, "required"),
        ({"first_day": "1980-03-04"}, "The calendar has no such day"),
        ({"first_day": "1995-03-04", "last_day": "2069-03-04"}, "at most 366 days"),
        ({"first_day": "2026-03-07", "last_day": "2026-03-08"}, "closes nothing"),
    ],
)
def test_a_closure_that_makes_no_sense_is_refused_in_words(people, as_user, wrong, says):
    assert says in errors(as_user(people.operator).post(NEW_CLOSURE, closure(**wrong)))
    assert not Closure.objects.exists()
