"""How disputes are opened, argued, escalated and settled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from audit import ledger, machine
from audit.machine import Outcome, Refusal, Refused
from audit.models import StageVisit
from designation.declared import declared
from designation.models import Request, User
from training.models import Dispute, ModuleVersion, Position, Proposal, Section
from training.models.disputes import NEXT_LEVEL, Level
from training.notices import tell_sides
from training.permissions import DISPUTE_SIDES

OVERDUE = "Not settled at this level within its goal."
Matter = Section | ModuleVersion | Request


def open_dispute(matter: Matter, *, title: str, issue: str, position: str, actor: User) -> Dispute:
    """Opens a dispute with the position of the actor's agency; the other side is told. Raises Refused."""
    with transaction.atomic():
        about = {Section: "section", ModuleVersion: "module_version", Request: "request"}[type(matter)]
        visible = type(matter).objects.visible_to(actor).filter(pk=matter.pk)
        if not visible.exists():
            raise Refused(Refusal(str(matter), "not_found", "Not found, or not yours to see."))
        dispute = Dispute(
            number=_new_number(),
            title=title.strip(),
            issue=issue.strip(),
            opened_by=actor,
            opened_by_agency=actor.agency_code,
            **{about: matter},
        )
        role = DISPUTE_SIDES.role_of(dispute, actor)
        if not role:
            raise Refused(Refusal(dispute.number, "permission", DISPUTE_SIDES.why))
        dispute.save()
        ledger.append(Dispute.workflow, [machine.step_of(dispute, "open", reason=issue, role=role)], actor=actor)
        _state(dispute, position, actor)
        tell_sides(dispute, f"{dispute.number} was opened: {dispute.title}", issue, actor=actor)
    return dispute


def _new_number() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('training_dispute_id_seq')")
        return f"D-{timezone.localdate().year}-{cursor.fetchone()[0]:06d}"


def state_position(pk: int, *, text: str, actor: User) -> Dispute:
    """States what the actor's agency holds; its position of before is superseded. Raises Refused."""
    with transaction.atomic():
        dispute = _locked_open(pk, actor)
        _state(dispute, text, actor)
        _touch(dispute)
        tell_sides(dispute, f"{dispute.number}: {actor.agency_code} states its position", text, actor=actor)
    return dispute


def _state(dispute: Dispute, text: str, actor: User) -> None:
    dispute.positions.filter(agency=actor.agency_code, superseded_at__isnull=True).update(superseded_at=Now())
    Position.objects.create(
        dispute=dispute,
        agency=actor.agency_code,
        text=text.strip(),
        stated_by=actor,
        stated_by_name=actor.recorded_name,
    )


def propose(pk: int, *, text: str, actor: User) -> Proposal:
    """Proposes an outcome to the other side. An open proposal is answered by it: one's own withdrawn, theirs rejected.

    Raises Refused.
    """
    with transaction.atomic():
        dispute = _locked_open(pk, actor)
        _answer_open(dispute, actor, accepted=False, answer="Another outcome was proposed.")
        proposal = Proposal.objects.create(
            dispute=dispute,
            agency=actor.agency_code,
            text=text.strip(),
            made_by=actor,
            made_by_name=actor.recorded_name,
        )
        _touch(dispute)
        tell_sides(dispute, f"{dispute.number}: {actor.agency_code} proposes an outcome", text, actor=actor)
    return proposal


def reject(pk: int, *, answer: str, actor: User) -> Dispute:
    """Rejects, with a reason, the outcome that the other side proposes. Raises Refused."""
    with transaction.atomic():
        dispute = _locked_open(pk, actor)
        if not dispute.proposed_to(actor):
            raise Refused(Refusal(dispute.number, "condition", "No outcome waits for an answer of your agency."))
        _answer_open(dispute, actor, accepted=False, answer=answer)
        _touch(dispute)
        tell_sides(dispute, f"{dispute.number}: {actor.agency_code} rejects the outcome", answer, actor=actor)
    return dispute


def _answer_open(dispute: Dispute, actor: User, *, accepted: bool, answer: str) -> None:
    dispute.proposals.filter(answered_at__isnull=True).update(
        answered_at=Now(), accepted=accepted, answered_by_name=actor.recorded_name, answer=answer.strip()
    )


def _touch(dispute: Dispute) -> None:
    """Makes stale the pages on which somebody was about to act without having seen this."""
    Dispute.objects.filter(pk=dispute.pk).update(version=F("version") + 1)


def _locked_open(pk: int, actor: User) -> Dispute:
    dispute = Dispute.objects.visible_to(actor).with_subjects().filter(pk=pk).select_for_update(of=("self",)).first()
    if dispute is None:
        raise Refused(Refusal(f"#{pk}", "not_found", "Not found, or not yours to see."))
    if not DISPUTE_SIDES(dispute, actor):
        raise Refused(Refusal(dispute.number, "permission", DISPUTE_SIDES.why))
    if dispute.state == Level.SETTLED:
        raise Refused(Refusal(dispute.number, "state", "The dispute is settled already."))
    return dispute


def move_disputes(
    name: str, pks: Iterable[int], *, actor: User | None, reason: str = "", versions: Mapping[int, int] | None = None
) -> Outcome[Dispute]:
    """Escalates, accepts the outcome of, or decides disputes, in one database transaction; both sides are told."""
    with transaction.atomic():
        visible = Dispute.objects.visible_to(actor) if actor else Dispute.objects.all()
        outcome = machine.perform(
            name,
            visible.with_subjects().prefetch_related("proposals"),
            pks,
            actor=actor,
            reason=reason,
            versions=versions,
        )
        for dispute in outcome.done:
            if name == "accept" and actor is not None:
                _answer_open(dispute, actor, accepted=True, answer=reason)
            elif dispute.state == Level.SETTLED and actor is not None:
                _answer_open(dispute, actor, accepted=False, answer="Leadership decided.")
            tell_sides(dispute, _told(dispute, name), dispute.outcome or reason, actor=actor)
    return outcome


def _told(dispute: Dispute, name: str) -> str:
    done = declared(Dispute, name).done
    to = "" if dispute.state == Level.SETTLED else f" to {dispute.get_state_display()}"
    return f"{dispute.number} was {done}{to}: {dispute.title}"


def escalate_overdue() -> Outcome[Dispute]:
    """Takes each dispute that its level has not settled within its goal to the next one. Safe to run at any time."""
    overdue = StageVisit.objects.open().filter(workflow=Dispute.workflow, stage__in=list(NEXT_LEVEL), due_at__lt=Now())
    pks = Dispute.objects.filter(number__in=overdue.values("subject"), state__in=list(NEXT_LEVEL))
    # A level that somebody escalates from meanwhile has a new clock: only those still at the overdue level move.
    with transaction.atomic():
        locked = list(pks.select_for_update().order_by("pk").values_list("pk", flat=True))
        still = list(pks.filter(pk__in=locked).values_list("pk", flat=True))
        return move_disputes("escalate_overdue", still, actor=None, reason=OVERDUE)
