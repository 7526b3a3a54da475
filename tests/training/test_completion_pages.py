"""Completions on pages: recorded by hand, corrected and withdrawn."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from tests.factories import AgentFactory
from tests.training.completion_data import DAY, completion, form
from tests.training.factories import Managers
from training.models import Completion
from training.workflow import completions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("graded_module")]

ADD = "/training/completions/record/"


class TestByHand:
    def test_what_it_changes_is_shown_before_it_is_recorded(self, manager):
        agent = AgentFactory(badge_number="K00123")
        page = manager.post(ADD, form())
        assert "What it changes" in page.text
        assert "So far it is not completed." in page.text
        assert not Completion.objects.exists()
        page = manager.post(ADD, form(confirmed="yes"), follow=True)
        found = Completion.objects.get()
        assert (found.agent, found.score, found.evidence) == (agent, Decimal(91), "Certificate 77")
        assert page.request["PATH_INFO"] == found.get_absolute_url()
        assert "The completion is recorded." in page.text

    def test_a_score_below_the_mark_is_told_to_be_a_failed_attempt(self, manager):
        AgentFactory(badge_number="K00123")
        assert "below the pass mark" in manager.post(ADD, form(score="79")).text

    def test_to_change_leads_back_to_the_form_as_it_was(self, manager):
        AgentFactory(badge_number="K00123")
        page = manager.post(ADD, form(change="yes"))
        assert 'value="Certificate 77"' in page.text or "Certificate 77</textarea>" in page.text
        assert not Completion.objects.exists()

    @pytest.mark.parametrize("by", ["email", "username"])
    def test_a_user_is_named_by_address_or_username(self, people: Managers, manager, by):
        manager.post(ADD, form(person=getattr(people.dea_field, by), confirmed="yes"))
        assert Completion.objects.get().user == people.dea_field

    def test_a_name_is_searched_and_leads_to_the_person(self, manager):
        AgentFactory(badge_number="K00777", first_name="Lee", last_name="Stone")
        page = manager.post(ADD, form(person="Stone, Lee"))
        assert "Did you mean" in page.text
        (found,) = page.context["suggestions"]
        page = manager.get(f"{ADD}?{found['query']}")
        assert 'value="K00777"' in page.text
        assert "Certificate 77" in page.text

    def test_that_more_people_are_called_so_is_said(self, manager):
        AgentFactory.create_batch(9, last_name="Quillfeather")
        page = manager.post(ADD, form(person="Quillf"))
        assert len(page.context["suggestions"]) == 8
        assert "More people are called so" in page.text

    @pytest.mark.parametrize("score", ["85 %", "17/20"])
    def test_a_score_is_written_as_in_files(self, manager, score):
        AgentFactory(badge_number="K00123")
        manager.post(ADD, form(confirmed="yes", score=score))
        assert Completion.objects.get().score == Decimal(85)

    def test_a_pass_before_the_latest_is_told_to_change_nothing_of_when_it_counts(self, manager, people):
        agent = AgentFactory(badge_number="K00123")
        completion(agent, people.hsi_manager, completed_on=DAY + timedelta(days=30), score=Decimal(91))
        assert "that stays June 2, 2024" in manager.post(ADD, form()).text

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({"person": "nobody"}, "No badge number, e-mail address or username"),
            ({"completed_on": "2999-01-01"}, "This day is yet to come."),
            ({"completed_on": "2023-01-01"}, "No version of JT-2009 was published on this day."),
            ({"score": "101"}, "A score is a percentage from 0 to 100."),
            ({"score": "0.85"}, "This may be a share or a percentage."),
            ({"score": "high"}, "This is not a score."),
            ({"score": ""}, "The module has a pass mark of 80 %."),
            ({"evidence": ""}, "Say on what evidence it is recorded."),
            ({"module": "JT-1"}, "Select a valid choice"),
        ],
    )
    def test_what_cannot_be_recorded_is_told_at_its_field(self, manager, values, said):
        AgentFactory(badge_number="K00123")
        page = manager.post(ADD, form(confirmed="yes", **values))
        assert said in page.text
        assert not Completion.objects.exists()

    def test_what_is_on_record_is_told_so(self, people: Managers, manager):
        completion(AgentFactory(badge_number="K00123"), people.hsi_manager, score=Decimal(91))
        assert "is on record already" in manager.post(ADD, form(confirmed="yes")).text
        assert Completion.objects.count() == 1

    def test_what_was_withdrawn_is_told_so_and_recorded_again_with_a_reason(self, people: Managers, manager):
        wrong = completion(AgentFactory(badge_number="K00123"), people.hsi_manager, score=Decimal(91))
        withdrawn = completions.withdraw(wrong.pk, actor=people.hsi_manager, why="Never took place.")
        page = manager.post(ADD, form(confirmed="yes"))
        assert "It was withdrawn on" in page.text
        assert f'href="{withdrawn.get_absolute_url()}"' in page.text
        assert "Why it is recorded again" in page.text
        assert "Give a reason" in manager.post(ADD, form(confirmed="yes", why_again="")).text
        assert "It did after all." in manager.post(ADD, form(why_again="It did after all.")).text
        assert not Completion.objects.standing().exists()
        page = manager.post(ADD, form(confirmed="yes", why_again="It did after all."), follow=True)
        assert "It did after all." in page.text
        assert Completion.objects.standing().count() == 1


class TestCorrections:
    def test_a_correction_stands_in_the_place_of_the_wrong_one(self, people: Managers, manager):
        wrong = completion(AgentFactory(), people.dea_manager, score=Decimal(91))
        url = reverse("training:completion_correct", args=[wrong.pk])
        assert 'value="91"' in manager.get(url).text
        page = manager.post(url, form(score="90", reason="Misread."), follow=True)
        assert "The correction is recorded." in page.text
        assert "Misread." in page.text
        old = manager.get(wrong.get_absolute_url()).text
        assert "does not count any more: it was corrected" in old
        assert url not in old

    def test_a_withdrawal_needs_a_reason(self, people: Managers, manager):
        wrong = completion(AgentFactory(), people.dea_manager, score=Decimal(91))
        url = reverse("training:completion_withdraw", args=[wrong.pk])
        assert "Give a reason" in manager.post(url, {"reason": ""}).text
        page = manager.post(url, {"reason": "Another agent’s."}, follow=True)
        assert "it is withdrawn" in page.text
        assert not Completion.objects.standing().exists()
        assert "corrected already" in manager.post(url, {"reason": "Again."}).text

    def test_what_cannot_stand_is_told_at_its_field(self, people: Managers, manager):
        wrong = completion(AgentFactory(), people.dea_manager, score=Decimal(91))
        url = reverse("training:completion_correct", args=[wrong.pk])
        page = manager.post(url, form(completed_on="2023-01-01", reason="Misread."))
        assert "No version of JT-2009 was published on this day." in page.text
