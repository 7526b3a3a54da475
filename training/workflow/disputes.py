"""How disputes are opened, argued, escalated and settled."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from audit import ledger, machine
from audit.machine import Outcome, Refusal, Refused
from audit.models import StageVisit
from audit.moments import moment
from designation.declared import declared
from designation.models import Request, User
from training.models import Dispute, ModuleVersion, Position, Proposal, Section
from training.models.disputes import NEXT_LEVEL, Level
from training.models.sections import SectionState
from training.models.versions import VersionState
from training.notices import tell_sides
from training.permissions import DISPUTE_SIDES

OVERDUE = "Not settled at this level within its goal."
NOT_FOUND = "Not found, or not yours to see."
FIELD_OF = {Section: "section", ModuleVersion: "module_version", Request: "request"}
Matter = Section | ModuleVersion | Request


@dataclass(frozen=True)
class Statement:
    """What a side puts on record in a dispute without moving it to another level."""

    name: str
    label: str
    says: str
    done: str


STATEMENTS = {
    statement.name: statement
    for statement in (
        Statement(
            "state_position",
            "State our position",
            "Puts on record what your agency holds. Its position of before stays in sight as superseded.",
            "the position of your agency is on record",
        ),
        Statement(
            "propose",
            "Propose an outcome",
            "The other agency accepts it, which ends the dispute, or rejects it. An outcome that is proposed already "
            "gives way to yours.",
            "the outcome is proposed",
        ),
        Statement(
            "reject",
            "Reject the outcome",
            "Answers the outcome that the other agency proposes. The dispute stays open.",
            "the outcome is rejected",
        ),
    )
}


def open_dispute(
    matter: Matter, *, title: str, issue: str, position: str, actor: User, known: Collection[int] | None = None
) -> Dispute:
    """Opens a dispute with the position of the actor's agency; the other side is told. Raises Refused.

    `known` are the keys of the open disputes on the matter that the actor was shown; another is a reason to ask again.
    """
    with transaction.atomic():
        matter = _locked_matter(matter)
        refused = why_not_open(matter, actor) or _open_already(matter, title) or _opened_meanwhile(matter, known)
        if refused:
            raise Refused(refused)
        dispute = _about(matter, actor)
        dispute.title, dispute.issue = title.strip(), issue.strip()
        dispute.pk = new_key()
        dispute.number = f"D-{timezone.localdate().year}-{dispute.pk:06d}"
        role = DISPUTE_SIDES.role_of(dispute, actor)
        dispute.save(force_insert=True)
        ledger.append(Dispute.workflow, [machine.step_of(dispute, "open", reason=issue, role=role)], actor=actor)
        _state(dispute, position, actor)
        tell_sides(dispute, f"{dispute.number} was opened: {dispute.title}", issue, actor=actor)
    return dispute


def _locked_matter(matter: Matter) -> Matter:
    """The matter as it is, once whoever moves it or opens a dispute on it is done. A section goes with its version."""
    if isinstance(matter, Section):
        ModuleVersion.objects.select_for_update().get(pk=matter.module_version_id)
    return type(matter)._base_manager.select_for_update().get(pk=matter.pk)


def why_not_open(matter: Matter, actor: User) -> Refusal | None:
    """Why the actor may not open a dispute on the matter; None where he may."""
    if not type(matter).objects.visible_to(actor).filter(pk=matter.pk).exists():
        return Refusal(str(matter), "not_found", NOT_FOUND)
    if not DISPUTE_SIDES(_about(matter, actor), actor):
        return Refusal(str(matter), "permission", DISPUTE_SIDES.why)
    if isinstance(matter, Request) and not matter.transmitted:
        return Refusal(matter.number, "condition", "DEA has not received this request yet.")
    if isinstance(matter, Section) and matter.state == SectionState.REMOVED:
        return Refusal(matter.number, "condition", "This section was removed.")
    if isinstance(matter, ModuleVersion) and matter.state == VersionState.RETIRED:
        return Refusal(matter.number, "condition", "This version is retired.")
    return None


def _about(matter: Matter, actor: User) -> Dispute:
    subject = {FIELD_OF[type(matter)]: matter}
    return Dispute(opened_by=actor, opened_by_agency=actor.agency_code, **subject)


def _open_already(matter: Matter, title: str) -> Refusal | None:
    """A form that is sent twice opens one dispute."""
    same = matter.disputes.open().filter(title__iexact=title.strip()).first()
    if same is None:
        return None
    return Refusal(same.number, "exists", f"{same.number} on the same point is open already. Go on there.")


def _opened_meanwhile(matter: Matter, known: Collection[int] | None) -> Refusal | None:
    if known is None:
        return None
    other = matter.disputes.open().exclude(pk__in=known).order_by("pk").last()
    if other is None:
        return None
    told = f"{other.opened_by} has opened {other.number} meanwhile: {other.title}."
    return Refusal(other.number, "stale", f"{told} Open yours too if it is on another point.")


def new_key() -> int:
    """The primary key of the next dispute, which is in its number."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('training_dispute_id_seq')")
        return int(cursor.fetchone()[0])


def state_position(pk: int, *, text: str, actor: User, version: int | None = None) -> Dispute:
    """States what the actor's agency holds; its position of before is superseded.

    `version` is the one that the actor was looking at; a dispute that has changed since is refused. Raises Refused.
    """
    with transaction.atomic():
        dispute = _locked("state_position", pk, actor, version)
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


def propose(pk: int, *, text: str, actor: User, version: int | None = None) -> Proposal:
    """Proposes an outcome to the other side. An open proposal is answered by it: one's own withdrawn, theirs rejected.

    `version` is as for `state_position`. Raises Refused.
    """
    with transaction.atomic():
        dispute = _locked("propose", pk, actor, version)
        dispute.proposals.filter(agency=actor.agency_code, answered_at__isnull=True).update(withdrawn=True)
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


def reject(pk: int, *, answer: str, actor: User, version: int | None = None) -> Dispute:
    """Rejects, with a reason, the outcome that the other side proposes.

    `version` is as for `state_position`. Raises Refused.
    """
    with transaction.atomic():
        dispute = _locked("reject", pk, actor, version)
        _answer_open(dispute, actor, accepted=False, answer=answer)
        _touch(dispute)
        tell_sides(dispute, f"{dispute.number}: {actor.agency_code} rejects the outcome", answer, actor=actor)
    return dispute


def _answer_open(dispute: Dispute, actor: User, *, accepted: bool, answer: str) -> None:
    dispute.proposals.filter(answered_at__isnull=True).update(
        answered_at=Now(),
        accepted=accepted,
        answered_by=actor,
        answered_by_name=actor.recorded_name,
        answer=answer.strip(),
    )


def _touch(dispute: Dispute) -> None:
    """Makes stale the pages on which somebody was about to act without having seen this."""
    Dispute.objects.filter(pk=dispute.pk).update(version=F("version") + 1)


def _locked(name: str, pk: int, actor: User, version: int | None) -> Dispute:
    dispute = Dispute.objects.visible_to(actor).with_subjects().filter(pk=pk).select_for_update(of=("self",)).first()
    if dispute is None:
        raise Refused(Refusal(f"#{pk}", "not_found", NOT_FOUND))
    if version is not None and version != dispute.version and dispute.state != Level.SETTLED:
        raise Refused(Refusal(dispute.number, "stale", _what_changed(dispute), dispute.pk))
    if refused := why_not_state(name, dispute, actor):
        raise Refused(refused)
    return dispute


def _what_changed(dispute: Dispute) -> str:
    """As “Changed since you opened it: DEA proposed an outcome on Nov. 24, 2026, 7:46 p.m. EST. ...”."""
    done = [(one.stated_at, f"{one.agency} stated its position") for one in dispute.positions.all()]
    for one in dispute.proposals.all():
        done.append((one.made_at, f"{one.agency} proposed an outcome"))
        if one.answered_at and not one.withdrawn and not one.accepted:
            done.append((one.answered_at, f"{one.answered_by_name} rejected the outcome"))
    step = ledger.last_steps(Dispute.workflow, [dispute.number])[dispute.number]
    if step.sequence > 1:
        done.append((step.at, f"{step.actor_name} {declared(Dispute, step.transition).done} it"))
    at, what = max(done)
    return f"Changed since you opened it: {what} on {moment(at)}. Decide on what it says now."


def why_not_state(name: str, dispute: Dispute, actor: User) -> Refusal | None:
    """Why the actor may not make one of the STATEMENTS now; None where he may."""
    if not DISPUTE_SIDES(dispute, actor):
        return Refusal(dispute.number, "permission", DISPUTE_SIDES.why)
    if dispute.state == Level.SETTLED:
        return Refusal(dispute.number, "state", "The dispute is settled already.")
    if name == "reject" and not dispute.proposed_to(actor):
        return Refusal(dispute.number, "condition", "No outcome waits for an answer of your agency.")
    return None


def move_disputes(
    name: str, pks: Iterable[int], *, actor: User | None, reason: str = "", versions: Mapping[int, int] | None = None
) -> Outcome[Dispute]:
    """Escalates, accepts the outcome of, or decides disputes, in one database transaction; both sides are told."""
    with transaction.atomic():
        visible = Dispute.objects.visible_to(actor) if actor else Dispute.objects.all()
        outcome = machine.perform(
            name,
            visible.with_subjects().prefetch_related("proposals", "positions"),
            pks,
            actor=actor,
            reason=reason,
            versions=versions,
        )
        outcome.refused = [_with_what_changed(refusal) for refusal in outcome.refused]
        for dispute in outcome.done:
            if name == "accept" and actor is not None:
                _answer_open(dispute, actor, accepted=True, answer=reason)
            elif dispute.state == Level.SETTLED and actor is not None:
                _answer_open(dispute, actor, accepted=False, answer="Leadership decided.")
            said = dispute.outcome or reason
            tell_sides(dispute, _told(dispute, name), said, actor=actor, escalated=name == "escalate")
    return outcome


def _with_what_changed(refusal: Refusal) -> Refusal:
    """A dispute changes by what is said in it too, which is no step of the ledger."""
    if refusal.code != "stale":
        return refusal
    return replace(refusal, message=_what_changed(Dispute.objects.get(number=refusal.number)))


def preview_disputes(name: str, pks: Iterable[int], *, actor: User) -> Outcome[Dispute]:
    """What `move_disputes` would do and refuse at this moment, given a reason; changes nothing."""
    visible = Dispute.objects.visible_to(actor).with_subjects().prefetch_related("proposals", "positions")
    return machine.preview(name, visible, pks, actor=actor)


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
