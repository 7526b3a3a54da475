"""Two who act on the same dispute at once: one of them is done, and the other is told."""

from __future__ import annotations

import pytest
from django.test import Client

from audit.models import StepEvent
from designation.models import User
from tests.concurrency import at_once
from tests.training.factories import Managers, dispute, section, version
from tests.training.pages import ENDS, act, opening
from training.models import Dispute, Proposal
from training.workflow import disputes

pytestmark = pytest.mark.django_db(transaction=True)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_of_two_who_propose_at_once_one_is_told_of_the_other(people: Managers):
    opened = dispute(section(version(people)), people.dea_manager)
    clients = [signed_in(people.hsi_manager), signed_in(people.dea_manager)]
    sent = {"text": "An outcome.", "version": opened.version}
    pages = at_once(*(lambda client=client: client.post(act(opened, "propose"), sent) for client in clients))
    assert sorted(page.status_code for page in pages) == [200, 302]
    told = next(page for page in pages if page.status_code == 200)
    assert "Changed since you opened it" in told.text
    assert Proposal.objects.count() == 1


def test_of_acceptance_and_rejection_at_once_one_happens(people: Managers):
    opened = dispute(section(version(people)), people.dea_manager)
    disputes.propose(opened.pk, text="DEA trains.", actor=people.dea_manager)
    sent = {"text": "As written.", "version": Dispute.objects.get(pk=opened.pk).version, **ENDS}
    clients = [(signed_in(people.hsi_manager), "accept"), (signed_in(people.hsi_hq), "reject")]
    at_once(*(lambda client=client, name=name: client.post(act(opened, name), sent) for client, name in clients))
    proposal, now = Proposal.objects.get(), Dispute.objects.get(pk=opened.pk)
    assert proposal.accepted == (now.state == "settled")
    assert StepEvent.objects.filter(subject=opened.number).count() == (2 if proposal.accepted else 1)


def test_of_two_who_decide_at_once_one_keeps_his_text_beside_the_decision_of_the_other(people: Managers):
    opened = dispute(section(version(people)), people.dea_manager)
    disputes.state_position(opened.pk, text="HSI instructors too.", actor=people.hsi_manager)
    for _ in range(2):
        disputes.move_disputes("escalate", [opened.pk], actor=people.hsi_manager, reason="No progress.")
    now = Dispute.objects.get(pk=opened.pk).version
    texts = {"HSI decides so.": signed_in(people.hsi_hq), "DEA decides otherwise.": signed_in(people.dea_hq)}
    sent = [(client, {"text": text, "version": now, **ENDS}) for text, client in texts.items()]
    pages = at_once(
        *(lambda client=client, given=given: client.post(act(opened, "decide"), given) for client, given in sent)
    )
    told = next(page for page in pages if page.status_code == 200)
    assert all(text in told.text for text in texts)
    assert Dispute.objects.get(pk=opened.pk).outcome in texts


def test_two_who_open_a_dispute_on_the_same_point_at_once_open_one(people: Managers):
    of = version(people)
    given = {"title": "Who trains", "issue": "Neither agrees.", "position": "Ours."}
    clients = [signed_in(people.hsi_manager), signed_in(people.dea_manager)]
    pages = at_once(*(lambda client=client: client.post(opening("version", of.number), given) for client in clients))
    assert sorted(page.status_code for page in pages) == [200, 302]
    assert Dispute.objects.count() == 1
