"""Versions of modules: who moves them, and what each agency must have signed before one is published."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction

from audit.machine import Refused
from audit.models import StepEvent
from designation.models import Notice
from tests.training.factories import Managers, ModuleFactory, dispute, move, section, sign, version
from training.models import Module, ModuleVersion, SignOff
from training.workflow import modules
from training.workflow import sections as section_acts

pytestmark = pytest.mark.django_db


def refusal(name: str, of: ModuleVersion, actor: object, reason: str = "") -> str:
    outcome = modules.move_versions(name, [of.pk], actor=actor, reason=reason)  # type: ignore[arg-type]
    assert not outcome.done
    return outcome.refused[0].message


def state(of: ModuleVersion) -> str:
    return ModuleVersion.objects.get(pk=of.pk).state


def test_a_joint_version_is_reviewed_by_hsi_then_by_dea_then_signed(people: Managers) -> None:
    drafted = version(people)
    for name, actor, now in [
        ("send_to_review", people.dea_manager, "hsi_review"),
        ("pass_review", people.hsi_manager, "dea_review"),
        ("pass_review", people.dea_manager, "sign_off"),
    ]:
        move(drafted, name, actor)
        assert state(drafted) == now


def test_a_version_of_one_agency_is_reviewed_and_signed_by_it_alone(people: Managers) -> None:
    drafted = version(people, module=ModuleFactory(owners=["HSI"]))
    move(drafted, "send_to_review", people.hsi_manager)
    move(drafted, "pass_review", people.hsi_manager)
    sign(drafted, people.hsi_manager)
    move(drafted, "publish", people.hsi_manager)
    assert state(drafted) == "published"


def test_only_the_agency_whose_review_it_is_passes_it(people: Managers) -> None:
    assert "whose review it is" in refusal("pass_review", version(people, "hsi_review"), people.dea_manager)


def test_the_clock_is_that_of_the_reviewing_agency(people: Managers) -> None:
    drafted = version(people, "dea_review")
    steps = StepEvent.objects.filter(workflow="module version", subject=drafted.number).order_by("sequence")
    assert [step.party for step in steps] == ["HSI and DEA", "HSI", "DEA"]


def test_a_version_without_sections_is_not_reviewed(people: Managers) -> None:
    assert refusal("send_to_review", version(people, texts=0), people.hsi_manager) == "Write a section first."


def test_a_joint_version_is_not_published_before_both_agencies_have_signed_every_section(people: Managers) -> None:
    signed = version(people, "sign_off")
    sign(signed, people.hsi_manager)
    assert "Not every section" in refusal("publish", signed, people.hsi_manager)


def test_sections_are_not_signed_before_sign_off(people: Managers) -> None:
    drafted = version(people)
    outcome = section_acts.sign_off([section(drafted).pk], actor=people.hsi_manager)
    assert "once each agency has passed" in outcome.refused[0].message


def test_a_published_version_supersedes_the_one_before(people: Managers) -> None:
    first = version(people, "published")
    version(people, "published", module=first.module)
    assert state(first) == "superseded"


def test_the_next_version_begins_with_the_texts_of_the_one_before(people: Managers) -> None:
    first = version(people, "published")
    second = modules.draft_version(first.module, actor=people.dea_manager)
    assert [found.key for found in second.sections.all()] == [found.key for found in first.sections.all()]


def test_the_next_version_does_not_begin_with_a_draft_that_was_given_up(people: Managers) -> None:
    first = version(people, "published")
    given_up = modules.draft_version(first.module, actor=people.dea_manager)
    section_acts.add_section(given_up, title="Given up", body="Text.", actor=people.dea_manager)
    move(given_up, "retire", people.dea_manager, "Written anew.")
    third = modules.draft_version(first.module, actor=people.dea_manager)
    assert third.ordinal == 3
    assert [found.key for found in third.sections.all()] == [found.key for found in first.sections.all()]


def test_without_a_published_version_the_next_begins_with_the_last_that_was(people: Managers) -> None:
    first = version(people, "published")
    move(first, "ask_retirement", people.hsi_manager, "Outdated.")
    move(first, "retire", people.dea_manager, "Agreed.")
    move(version(people, module=first.module), "retire", people.dea_manager, "Written anew.")
    assert first.module.versions.most_telling_first().first() == first


def test_two_versions_are_not_in_development_at_once(people: Managers) -> None:
    drafted = version(people)
    with pytest.raises(Refused, match="in development already"):
        modules.draft_version(drafted.module, actor=people.dea_manager)


def test_a_change_of_a_signed_section_clears_its_sign_offs_and_says_whose(people: Managers) -> None:
    signed = version(people, "sign_off")
    sign(signed, people.hsi_manager, people.dea_manager)
    first = section(signed)
    changed = section_acts.change_section(
        first.pk, actor=people.hsi_manager, version=first.version, title=first.title, body="Another text."
    )
    assert changed.cleared == ["DEA", "HSI"]
    assert not SignOff.objects.current().filter(section=first).exists()
    assert SignOff.objects.current().filter(section=section(signed, 1)).count() == 2


def test_the_agency_whose_sign_off_is_cleared_is_told(people: Managers) -> None:
    signed = version(people, "sign_off")
    sign(signed, people.dea_manager)
    first = section(signed)
    section_acts.change_section(first.pk, actor=people.hsi_manager, version=first.version, title="New", body="Text.")
    assert Notice.objects.filter(recipient=people.dea_manager, title__contains="sign-off of DEA is cleared").exists()


def test_two_sections_of_a_version_have_different_titles(people: Managers) -> None:
    drafted = version(people)
    with pytest.raises(Refused, match="Another section has the title “Section 1”"):
        section_acts.add_section(drafted, title="section 1", body="Text.", actor=people.hsi_manager)
    second = section(drafted, 1)
    with pytest.raises(Refused, match="Another section has the title “Section 1”"):
        section_acts.change_section(
            second.pk, actor=people.hsi_manager, version=second.version, title="Section 1", body="Text."
        )


def test_the_same_text_again_clears_nothing(people: Managers) -> None:
    signed = version(people, "sign_off")
    sign(signed, people.hsi_manager)
    first = section(signed)
    same = section_acts.change_section(
        first.pk, actor=people.dea_manager, version=first.version, title=first.title, body=first.body
    )
    assert same.cleared == []
    assert SignOff.objects.current().filter(section=first).count() == 1


def test_a_change_of_a_text_that_was_changed_meanwhile_is_refused(people: Managers) -> None:
    first = section(version(people))
    section_acts.change_section(first.pk, actor=people.hsi_manager, version=first.version, title="A", body="Text.")
    with pytest.raises(Refused, match="Changed since you opened it"):
        section_acts.change_section(first.pk, actor=people.dea_manager, version=first.version, title="B", body="Text.")


def test_every_text_that_a_section_had_stays_on_record(people: Managers) -> None:
    first = section(version(people))
    section_acts.change_section(first.pk, actor=people.hsi_manager, version=first.version, title="A", body="New text.")
    assert [text.body for text in first.texts.all()] == ["Text.", "New text."]


def test_a_section_in_dispute_is_not_signed(people: Managers) -> None:
    signed = version(people, "sign_off")
    dispute(section(signed), people.dea_manager)
    outcome = section_acts.sign_off([section(signed).pk], actor=people.hsi_manager)
    assert "dispute on this section is open" in outcome.refused[0].message


def test_a_section_in_dispute_is_moved_but_not_removed(people: Managers) -> None:
    disputed = section(version(people))
    dispute(disputed, people.dea_manager)
    with pytest.raises(Refused, match="dispute on this section is open"):
        section_acts.remove_section(
            disputed.pk, actor=people.hsi_manager, version=disputed.version, reason="Not needed."
        )
    section_acts.move_section(disputed.pk, actor=people.hsi_manager, up=False)
    assert section(disputed.module_version, 1).pk == disputed.pk


def test_who_moved_a_section_is_on_record_and_its_sign_offs_stay(people: Managers) -> None:
    signed = version(people, "sign_off", texts=2)
    sign(signed, people.hsi_manager, people.dea_manager)
    move(signed, "return_to_drafting", people.dea_manager, "The order is wrong.")
    first, second = section(signed), section(signed, 1)
    section_acts.move_section(second.pk, actor=people.dea_manager, up=True)
    moved = section(signed)
    step = StepEvent.objects.filter(workflow="module section", subject=second.number).latest("sequence")
    assert (moved.pk, moved.state, moved.version) == (second.pk, second.state, second.version + 1)
    assert (step.transition, step.actor, step.reason) == ("move", people.dea_manager, f"Moved up, before “{first}”.")
    assert moved.sign_offs.current().count() == 2


def test_the_first_section_stays_where_it_is_without_a_step(people: Managers) -> None:
    first = section(version(people))
    section_acts.move_section(first.pk, actor=people.hsi_manager, up=True)
    assert section(first.module_version).version == first.version


def test_a_version_in_dispute_is_not_published(people: Managers) -> None:
    signed = version(people, "sign_off")
    sign(signed, people.hsi_manager, people.dea_manager)
    dispute(signed, people.dea_manager)
    assert "A dispute on it is open" in refusal("publish", signed, people.hsi_manager)


def test_no_agency_adds_a_module_of_the_other(people: Managers) -> None:
    with pytest.raises(PermissionDenied):
        modules.save_module(Module(code="X-1", title="X", purpose="X", owners=["DEA"]), actor=people.hsi_manager)


def test_the_database_refuses_a_state_without_its_step(people: Managers) -> None:
    drafted = version(people)
    change = ModuleVersion.objects.filter(pk=drafted.pk)
    with transaction.atomic(), connection.cursor() as cursor:
        change.update(state="retired")
        with pytest.raises(IntegrityError, match="its state is retired"):
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)


# Retiring


def test_one_agency_alone_does_not_retire_what_both_published(people: Managers) -> None:
    published = version(people, "published")
    assert "Both agencies agree" in refusal("retire", published, people.hsi_manager, "Outdated.")
    move(published, "ask_retirement", people.hsi_manager, "Outdated.")
    assert "where one agency asked, of the other" in refusal("retire", published, people.hsi_manager, "Outdated.")
    assert state(published) == "published"


def test_the_other_agency_retires_what_one_asks_to_retire(people: Managers) -> None:
    published = version(people, "published")
    move(published, "ask_retirement", people.hsi_manager, "Outdated.")
    move(published, "retire", people.dea_manager, "Agreed.")
    assert state(published) == "retired"


def test_who_asked_to_retire_takes_it_back_and_nobody_else(people: Managers) -> None:
    published = version(people, "published")
    move(published, "ask_retirement", people.hsi_manager, "Outdated.")
    assert "Only the agency that asked" in refusal("take_back_retirement", published, people.dea_manager)
    move(published, "take_back_retirement", people.hsi_manager)
    assert "Both agencies agree" in refusal("retire", published, people.dea_manager, "Outdated.")


def test_asking_to_retire_needs_a_reason_and_happens_once(people: Managers) -> None:
    published = version(people, "published")
    assert "Give a reason" in refusal("ask_retirement", published, people.hsi_manager)
    move(published, "ask_retirement", people.hsi_manager, "Outdated.")
    assert "asked for already" in refusal("ask_retirement", published, people.dea_manager, "Outdated.")


def test_one_agency_retires_its_own_module(people: Managers) -> None:
    own = version(people, module=ModuleFactory(owners=["HSI"]))
    move(own, "send_to_review", people.hsi_manager)
    move(own, "pass_review", people.hsi_manager)
    sign(own, people.hsi_manager)
    move(own, "publish", people.hsi_manager)
    assert "without asking the other" in refusal("ask_retirement", own, people.hsi_manager, "Outdated.")
    move(own, "retire", people.hsi_manager, "Outdated.")


@pytest.mark.parametrize("at", ["hsi_review", "dea_review"])
def test_what_an_agency_reviews_is_not_retired(people: Managers, at: str) -> None:
    assert "Not possible now" in refusal("retire", version(people, at), people.hsi_manager, "Written anew.")


@pytest.mark.parametrize("at", ["drafting", "sign_off"])
def test_what_is_drafted_or_signed_off_is_retired_by_either_agency(people: Managers, at: str) -> None:
    move(version(people, at), "retire", people.dea_manager, "Written anew.")


def test_a_superseded_version_is_retired_by_either_agency(people: Managers) -> None:
    first = version(people, "published")
    move(first, "ask_retirement", people.hsi_manager, "Outdated.")
    version(people, "published", module=first.module)
    move(first, "retire", people.hsi_manager, "Outdated.")


@pytest.mark.parametrize("at", ["drafting", "published"])
def test_nothing_in_dispute_is_retired(people: Managers, at: str) -> None:
    disputed = version(people, at)
    if at == "published":
        move(disputed, "ask_retirement", people.hsi_manager, "Outdated.")
    dispute(section(disputed), people.hsi_manager)
    assert "A dispute on it is open" in refusal("retire", disputed, people.dea_manager, "Outdated.")
