"""Reads of the pages of modules, versions and sections. Each shows a user what is visible to him, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q
from django.template.defaultfilters import pluralize
from django.utils.safestring import SafeString

from audit import machine
from audit.clocks import Status
from designation import workflow
from designation.markdown import rendered
from designation.models import Role, User
from designation.models.people import DEA, HSI
from training.differences import Fold, Row, folded, rows
from training.models import Attachment, Dispute, Module, ModuleVersion, Section, SectionText, SignOff
from training.models.disputes import DisputeQuerySet, Level
from training.models.sections import IN_TEXT, SectionState
from training.models.versions import IN_DEVELOPMENT, VersionState
from training.permissions import AGENCIES, DISPUTE_SIDES, HEADQUARTERS
from training.workflow.sections import SIGN_AS, why_not_arrange

REVIEW_BY = {HSI: VersionState.HSI_REVIEW, DEA: VersionState.DEA_REVIEW}
UNSIGNED_BY = {
    HSI: (SectionState.UNSIGNED, SectionState.SIGNED_BY_DEA),
    DEA: (SectionState.UNSIGNED, SectionState.SIGNED_BY_HSI),
}
# A published version is superseded by the next one's publication, not by hand.
OFFERED = (
    "send_to_review",
    "pass_review",
    "publish",
    "return_to_drafting",
    "ask_retirement",
    "take_back_retirement",
    "retire",
)
UNDER_SECTION = 3  # the level of the headings over a section's text


@dataclass(frozen=True)
class ModuleStanding:
    """A module with the versions that count now, as far as the user sees them."""

    module: Module
    published: Any
    in_development: Any
    once_published: bool


def modules_standing(user: User) -> list[ModuleStanding]:
    """All modules, in two queries; versions have their clocks."""
    shown = ModuleVersion.objects.visible_to(user).filter(state__in=[*IN_DEVELOPMENT, VersionState.PUBLISHED])
    versions = Prefetch("versions", queryset=shown.with_clock(), to_attr="shown_versions")
    once_published = Exists(ModuleVersion.objects.once_published().filter(module=OuterRef("pk")))
    modules = Module.objects.visible_to(user).annotate(once_published=once_published)
    return [_standing(module) for module in modules.prefetch_related(versions)]


def _standing(module: Any) -> ModuleStanding:
    by_state = {version.state == VersionState.PUBLISHED: version for version in module.shown_versions}
    return ModuleStanding(
        module,
        published=by_state.get(True),
        in_development=by_state.get(False),
        once_published=module.once_published,
    )


@dataclass(frozen=True)
class Waiting:
    """Something that waits for the user; `clock` has the clock of what is late with it."""

    label: str
    url: str
    says: str
    clock: Any


def waiting_for(user: User) -> list[Waiting]:
    """Reviews, sign-offs, publications and retirements that wait for the user's agency; disputes that wait for its
    word."""
    return [*_versions_waiting(user), *_disputes_waiting(user)]


def _versions_waiting(user: User) -> list[Waiting]:
    agency = user.agency_code
    if not user.has_role(Role.TRAINING_MANAGER) or agency not in REVIEW_BY:
        return []
    in_text = Q(sections__state__in=IN_TEXT)
    disputes = Dispute.objects.open()
    on_it = disputes.filter(module_version=OuterRef("pk"))
    on_a_section = disputes.filter(section__module_version=OuterRef("pk"))
    in_development = Q(state__in=[REVIEW_BY[agency], VersionState.SIGN_OFF])
    to_retire = ~Q(retirement_asked_by__in=["", agency])
    versions = ModuleVersion.objects.visible_to(user).filter(
        in_development | to_retire, module__owners__contains=[agency]
    )
    counted = (
        versions.select_related("module")
        .with_clock()
        .annotate(
            all=Count("sections", filter=in_text),
            signed=Count("sections", filter=Q(sections__state=SectionState.SIGNED)),
            to_sign=Count("sections", filter=Q(sections__state__in=UNSIGNED_BY[agency])),
            disputed=Exists(on_it) | Exists(on_a_section),
        )
    )
    return [
        Waiting(f"{version}: {label}", version.get_absolute_url(), says, version)
        for version in counted.order_by("pk")
        for label, says in _what_waits(version)
    ]


def _what_waits(version: Any) -> list[tuple[str, str]]:
    if version.retirement_asked_by:
        return [("retire", f"{version.retirement_asked_by} asks your agency to retire it.")]
    if version.state != VersionState.SIGN_OFF:
        return [("review", "Your agency passes it, or returns it to drafting.")]
    if version.to_sign:
        count = f"{version.to_sign} of {version.all} section{pluralize(version.all)}"
        return [("sign off", f"Your agency has not signed off {count}.")]
    if version.signed == version.all and not version.disputed:
        return [("publish", "Every section is signed off.")]
    return []


def _disputes_waiting(user: User) -> list[Waiting]:
    argued = Exists(Dispute.objects.argued_by(user).filter(pk=OuterRef("pk")))
    waiting = open_disputes(user).waiting_for(user.agency_code).annotate(argued=argued)
    disputes = waiting.prefetch_related("proposals", "positions")
    return [
        Waiting(f"{dispute}: {label}", dispute.get_absolute_url(), says, dispute)
        for dispute in disputes
        if DISPUTE_SIDES(dispute, user)
        for label, says in _what_waits_in(dispute, user)
    ]


def _what_waits_in(dispute: Any, user: User) -> list[tuple[str, str]]:
    if dispute.proposed_to(user):
        return [("answer", "The other side proposes an outcome: accept it, reject it, or propose another.")]
    if user.agency_code not in dispute.stated_agencies:
        return [("state a position", "Your agency has not said yet what it holds.")]
    if dispute.state != Level.LEADERSHIP or dispute.argued or not user.has_role(*HEADQUARTERS):
        return []
    is_heard = len(dispute.stated_agencies) == len(AGENCIES) or dispute.clock_status == Status.LATE
    return [("decide", "It is before leadership.")] if is_heard else []


def open_disputes(user: User) -> DisputeQuerySet:
    """Those that the user may see, the oldest first, with what they are about, their clocks and their age."""
    found = Dispute.objects.visible_to(user).open().with_subjects().with_clocks().with_age()
    return found.order_by("opened_at", "pk")


def disputes_on(version: ModuleVersion, user: User) -> DisputeQuerySet:
    """Disputes on the version and its sections, settled ones too, that the user may see."""
    found = Dispute.objects.visible_to(user).filter(Q(module_version=version) | Q(section__module_version=version))
    return found.with_subjects().with_clocks().with_age().order_by("-opened_at", "-pk")


def acts_on(version: ModuleVersion, user: User) -> list[workflow.Act]:
    """The acts of a training manager on the version, with why he may not make one now; none for anybody else."""
    if not user.has_role(Role.TRAINING_MANAGER):
        return []
    # Asking and taking it back stand in each other's stead; where one agency owns the module there is neither.
    out_of_place = {"ask_retirement"} if version.retirement_asked_by else {"take_back_retirement"}
    if not version.module.is_joint:
        out_of_place.add("ask_retirement")
    return [act for act in workflow.acts(version, user) if act.name in OFFERED and act.name not in out_of_place]


def why_not(name: str, section: Section, user: User) -> str:
    """Why the user may not make the transition of the section now; empty when he may."""
    refused = machine.judge(name, [section], actor=user, reason="given later").refused
    return refused[0].message if refused else ""


def may_write(version: ModuleVersion, user: User) -> bool:
    """Whether the user may change the texts of the version now."""
    return not why_not("change", Section(module_version=version), user)


def may_arrange(version: ModuleVersion, user: User) -> bool:
    """Whether the user may add sections to the version, remove and move them now."""
    return why_not_arrange(version, user) is None


@dataclass(frozen=True)
class SectionShown:
    """A section as the version's page shows it.

    `to_sign`: the user's agency has not signed it off, and the user signs for it; `why_not` says what stands against
    doing so now. `missing` are the agencies that have not signed it off.
    """

    section: Any
    html: SafeString
    missing: list[str]
    to_sign: bool
    why_not: str


def sections_shown(version: ModuleVersion, user: User) -> list[SectionShown]:
    """The version's sections in order, with `current_sign_offs` and `current_attachments`."""
    sections: list[Any] = list(in_text(version).with_disputed().prefetch_related(CURRENT_SIGN_OFFS))
    refused = _why_not_signed(sections, user)
    return [
        SectionShown(
            section=section,
            html=rendered(section.body, under=UNDER_SECTION),
            missing=section.missing_agencies,
            to_sign=section.pk in refused,
            why_not=refused.get(section.pk, ""),
        )
        for section in sections
    ]


def in_text(version: ModuleVersion) -> Any:
    """The sections of the version's text in order, with `current_attachments`, whose content is left where it is."""
    return version.sections.in_text().prefetch_related(CURRENT_ATTACHMENTS)


CURRENT_SIGN_OFFS = Prefetch("sign_offs", queryset=SignOff.objects.current(), to_attr="current_sign_offs")
CURRENT_ATTACHMENTS = Prefetch(
    "attachments", queryset=Attachment.objects.current().defer("content"), to_attr="current_attachments"
)


def _why_not_signed(sections: Sequence[Section], user: User) -> dict[int, str]:
    """Primary key -> why the user may not sign it off now; of those alone that his agency has not signed off."""
    open_to = [section for section in sections if user.agency_code in section.missing_agencies]
    if not open_to or not user.has_role(Role.TRAINING_MANAGER):
        return {}
    outcome = machine.judge(SIGN_AS[user.agency_code], open_to, actor=user, reason="")
    return {section.pk: "" for section in outcome.done} | {
        refusal.pk: refusal.message for refusal in outcome.refused if refusal.pk is not None
    }


def missing_by_agency(sections: Sequence[SectionShown]) -> dict[str, int]:
    """Agency -> how many of the sections it has not signed off; agencies that have signed all are left out."""
    counted = {agency: sum(agency in shown.missing for shown in sections) for agency in (HSI, DEA)}
    return {agency: count for agency, count in counted.items() if count}


@dataclass(frozen=True)
class TextShown:
    """A text that a section had, and the sign-offs that were given to it.

    Opened are the newest and the one that was asked for, with what differs from the text before.
    """

    text: SectionText
    title_before: str
    sign_offs: Sequence[SignOff]
    opened: bool
    html: SafeString
    blocks: Sequence[Row | Fold]


def texts_of(section: Section, asked: str = "") -> list[TextShown]:
    """The texts that the section had, the newest first, in three queries; `asked` is a revision to open too."""
    texts, sign_offs = list(section.texts.defer("body")), list(section.sign_offs.all())
    opened = {text.revision for text in texts if text.revision == section.revision or str(text.revision) == asked}
    compared = opened | {revision - 1 for revision in opened}
    bodies = dict(section.texts.filter(revision__in=compared).values_list("revision", "body"))
    shown = [
        TextShown(
            text=text,
            title_before=before.title if before and before.title != text.title else "",
            sign_offs=[given for given in sign_offs if given.revision == text.revision],
            opened=text.revision in opened,
            html=rendered(bodies.get(text.revision, ""), under=UNDER_SECTION),
            blocks=folded(rows(bodies[before.revision], bodies[text.revision]))
            if before and text.revision in opened
            else [],
        )
        for before, text in zip([None, *texts], texts, strict=False)
    ]
    return shown[::-1]
