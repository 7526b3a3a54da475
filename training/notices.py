"""Who is told of what happens to modules and disputes, in the transaction in which it happens."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q

from designation.models import Notice, Reminder, Role, User
from designation.notices import send_soon
from training.models import Dispute
from training.models.disputes import Level

TRAINING = "training"


def tell_agencies(agencies: Iterable[str], title: str, reason: str, *, path: str, actor: User | None) -> None:
    """Tells the training managers of the agencies."""
    managers = Q(roles__contains=[Role.TRAINING_MANAGER], office__agency__in=list(agencies))
    _tell(managers, title, reason, path=path, actor=actor)


def tell_sides(dispute: Dispute, title: str, reason: str, *, actor: User | None, escalated: bool = False) -> None:
    """Tells both sides of a dispute: who opened it, who has a part in what it is about, and, above the working
    level, both headquarters. What was escalated comes by e-mail whatever they have chosen."""
    people = Q(pk=dispute.opened_by_id)
    if dispute.request is None:
        people |= Q(roles__contains=[Role.TRAINING_MANAGER])
    else:
        people |= Q(roles__contains=[Role.COORDINATOR], office=dispute.request.office_id)
        people |= Q(roles__contains=[Role.DEA_FIELD], office=dispute.request.division_id)
    if dispute.state != Level.WORKING or dispute.request is not None:
        people |= Q(roles__overlap=[Role.HSI_HQ, Role.DEA_HQ])
    transition = Reminder.What.ESCALATION.value if escalated else TRAINING
    _tell(people, title, reason, path=dispute.get_absolute_url(), actor=actor, transition=transition)


def _tell(wanted: Q, title: str, reason: str, *, path: str, actor: User | None, transition: str = TRAINING) -> None:
    people = User.objects.filter(wanted, is_active=True)
    if actor is not None:
        people = people.exclude(pk=actor.pk)
    Notice.objects.bulk_create(
        Notice(recipient=person, transition=transition, title=title[:200], reason=reason, numbers=[], path=path)
        for person in people
    )
    transaction.on_commit(send_soon)
