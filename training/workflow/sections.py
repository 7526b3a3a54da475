"""How the sections of a version change: their texts, their files, their order, and what both agencies sign."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count

from django.db import transaction
from django.db.models import Count, Max
from django.db.models.functions import Now
from django.utils.text import slugify

from audit import ledger, machine
from audit.machine import Outcome, Refusal, Refused
from audit.models import StepEvent
from designation.files import NewFile, UnfitFile
from designation.markdown import is_nested_too_deep
from designation.models import Role, User
from designation.models.people import DEA, HSI
from training.models import Attachment, ModuleVersion, Section, SectionText, SignOff
from training.models.sections import SectionQuerySet
from training.models.versions import VersionState
from training.notices import tell_agencies
from training.permissions import OWNERS

SIGN_AS = {HSI: "sign_for_hsi", DEA: "sign_for_dea"}
NESTED_TOO_DEEP = "It nests lists or quotes so deep that a page would not show all of its words. Nest them less."
SAME_NAME = "A file of this name is attached already. Remove that one first, or give this one another name."


def copy_sections(before: ModuleVersion, version: ModuleVersion, actor: User) -> None:
    """Gives the version the sections of the one before, with their files, within the caller's transaction."""
    sections = [
        Section(
            number=f"{version.number}-s{place}",
            module_version=version,
            key=found.key,
            position=found.position,
            title=found.title,
            body=found.body,
        )
        for place, found in enumerate(before.sections.in_text(), start=1)
    ]
    _add(sections, actor, f"Copied from {before}.")
    originals = {section.key: section for section in before.sections.in_text().prefetch_related("attachments")}
    Attachment.objects.bulk_create(
        Attachment(
            section=section,
            name=found.name,
            content_type=found.content_type,
            content=found.content,
            size=found.size,
            sha256=found.sha256,
            added_by=actor,
            added_by_name=actor.recorded_name,
        )
        for section in sections
        for found in originals[section.key].attachments.all()
        if found.removed_at is None
    )


def _add(sections: Sequence[Section], actor: User, reason: str = "") -> None:
    Section.objects.bulk_create(sections)
    _keep_texts(sections, actor)
    steps = [machine.step_of(section, "write", reason=reason, role=Role.TRAINING_MANAGER) for section in sections]
    ledger.append(Section.workflow, steps, actor=actor)


def _keep_texts(sections: Sequence[Section], actor: User) -> None:
    SectionText.objects.bulk_create(
        SectionText(
            section=section,
            revision=section.revision,
            title=section.title,
            body=section.body,
            written_by=actor,
            written_by_name=actor.recorded_name,
        )
        for section in sections
    )


def add_section(version: ModuleVersion, *, title: str, body: str, actor: User) -> Section:
    """Adds a section at the end of a version that is being drafted. Raises Refused."""
    with transaction.atomic():
        version = ModuleVersion.objects.select_for_update(of=("self",)).select_related("module").get(pk=version.pk)
        if refused := why_not_arrange(version, actor):
            raise Refused(refused)
        _refuse_same_title(version, title)
        _refuse_hidden_words(version.number, body)
        places = version.sections.aggregate(position=Max("position"), count=Count("pk"))
        section = Section(
            number=f"{version.number}-s{places['count'] + 1}",
            module_version=version,
            key=_free_key(version, title),
            position=(places["position"] or 0) + 1,
            title=title,
            body=body,
        )
        _add([section], actor)
    return section


def why_not_arrange(version: ModuleVersion, actor: User) -> Refusal | None:
    """Why the actor may not add sections to the version, or move them, now; None where he may."""
    if not OWNERS(version, actor):
        return Refusal(version.number, "permission", OWNERS.why)
    if version.state != VersionState.DRAFTING:
        return Refusal(
            version.number, "state", "Sections are added and moved in drafting only. Return the version to it first."
        )
    return None


def _refuse_same_title(version: ModuleVersion, title: str, *, but: Section | None = None) -> None:
    """Two sections of one title could not be told apart. Raises Refused."""
    found = version.sections.in_text().filter(title__iexact=title.strip())
    same = next((section for section in found if section != but), None)
    if same is not None:
        raise Refused(Refusal(same.number, "exists", f"Another section has the title “{same}”. Give this one another."))


def _refuse_hidden_words(number: str, body: str) -> None:
    """What an agency signs off, its page shows. Raises Refused."""
    if is_nested_too_deep(body):
        raise Refused(Refusal(number, "depth", NESTED_TOO_DEEP))


def _free_key(version: ModuleVersion, title: str) -> str:
    base = slugify(title)[:50] or "section"
    taken = set(version.sections.values_list("key", flat=True))
    numbered = (f"{base}-{number}" for number in count(2))
    return next(key for key in chain([base], numbered) if key not in taken)


@dataclass(frozen=True)
class Changed:
    """A section after a change, and the agencies whose sign-offs the change cleared."""

    section: Section
    cleared: list[str]


def change_section(pk: int, *, actor: User, version: int, title: str, body: str) -> Changed:
    """Puts a new text in a section's place. That clears the sign-offs of the old one, and tells their agencies.

    `version` is the row's version that the actor was looking at. Raises Refused.
    """
    with transaction.atomic():
        section = _locked_section(pk, actor)
        if (section.title, section.body) == (title, body):
            return Changed(section, [])
        if title != section.title:
            _refuse_same_title(section.module_version, title, but=section)
        _refuse_hidden_words(section.number, body)
        what = f"Text changed to revision {section.revision + 1}, SHA-256 {text_hash(title, body)}."
        section = _move_one("change", section, actor=actor, reason=what, version=version)
        section.revision, section.title, section.body = section.revision + 1, title, body
        section.save(update_fields=["revision", "title", "body"])
        _keep_texts([section], actor)
        return Changed(section, _clear_sign_offs(section, actor, "The text was changed."))


def text_hash(title: str, body: str) -> str:
    """SHA-256, in hexadecimal, of title and body with a line feed between them, as UTF-8."""
    return hashlib.sha256(f"{title}\n{body}".encode()).hexdigest()


def _clear_sign_offs(section: Section, actor: User, why: str) -> list[str]:
    current = section.sign_offs.current()
    agencies = sorted(current.values_list("agency", flat=True))
    current.update(cleared_at=Now(), cleared_why=why)
    if agencies:
        version = section.module_version
        told = f"{version}: “{section.title}” was changed, so the sign-off of {' and '.join(agencies)} is cleared"
        tell_agencies(agencies, told, why, path=version.get_absolute_url(), actor=actor)
    return agencies


def remove_section(pk: int, *, actor: User, version: int, reason: str) -> Section:
    """Takes a section out of a version that is being drafted. Raises Refused."""
    with transaction.atomic():
        section = _move_one("remove", _locked_section(pk, actor), actor=actor, reason=reason, version=version)
        _clear_sign_offs(section, actor, "The section was removed.")
    return section


def move_section(pk: int, *, actor: User, up: bool) -> None:
    """Changes places with the section before it, or after it, in a version that is being drafted. Raises Refused."""
    with transaction.atomic():
        section = _locked_section(pk, actor)
        if refused := why_not_arrange(section.module_version, actor):
            raise Refused(refused)
        neighbours = section.module_version.sections.in_text().exclude(pk=pk).select_for_update()
        other = (
            neighbours.filter(position__lt=section.position).last()
            if up
            else neighbours.filter(position__gt=section.position).first()
        )
        if other is not None:
            what = f"Moved {'up, before' if up else 'down, after'} “{other}”."
            section = _move_one("move", section, actor=actor, reason=what, version=section.version)
            section.position, other.position = other.position, section.position
            Section.objects.bulk_update([section, other], ["position"])


def sign_off(pks: Iterable[int], *, actor: User, versions: Mapping[int, int] | None = None) -> Outcome[Section]:
    """Signs sections off for the actor's agency. `versions` are the rows' versions that the actor was looking at.

    A sign-off of the other agency since then has changed nothing of what is agreed to.
    """
    wanted = list(dict.fromkeys(pks))
    with transaction.atomic():
        _hold_version_of(wanted)
        rows = list(_sections(actor).filter(pk__in=wanted).select_for_update(of=("self",)).order_by("pk"))
        name = SIGN_AS.get(actor.agency_code, SIGN_AS[HSI])
        outcome = machine.judge(name, rows, actor=actor, reason="", versions=_still_as_seen(rows, versions or {}))
        outcome.refused += machine.not_found(wanted, rows)
        machine.move(name, outcome.done, actor=actor, reason="")
        SignOff.objects.bulk_create(
            SignOff(
                section=section,
                revision=section.revision,
                agency=actor.agency_code,
                given_by=actor,
                given_by_name=actor.recorded_name,
            )
            for section in outcome.done
        )
    return outcome


def _still_as_seen(rows: Sequence[Section], seen: Mapping[int, int]) -> dict[int, int]:
    """The versions seen, but the present one of a section that has only been signed off since.

    Each step of a section raises its version by one, as the first gave it version 1.
    """
    behind = [row for row in rows if seen.get(row.pk, row.version) < row.version]
    steps = StepEvent.objects.filter(workflow=Section.workflow, subject__in=[row.number for row in behind])
    changes = steps.exclude(transition__in=SIGN_AS.values()).values_list("subject").annotate(last=Max("sequence"))
    last_changes = dict(changes) if behind else {}
    return {**seen, **{row.pk: row.version for row in behind if last_changes[row.number] <= seen[row.pk]}}


def add_attachment(pk: int, *, actor: User, version: int, name: str, content_type: str, content: bytes) -> Changed:
    """Adds a file to a section, which is a change of it. Raises Refused."""
    try:
        kept = NewFile(name, content_type, content).kept()
    except UnfitFile as unfit:
        raise Refused(Refusal(name, "size", str(unfit))) from unfit
    with transaction.atomic():
        section = _locked_section(pk, actor)
        if section.attachments.current().filter(name__iexact=kept["name"]).exists():
            raise Refused(Refusal(section.number, "exists", SAME_NAME))
        what = f"Attachment “{name}” added, SHA-256 {kept['sha256']}."
        section = _move_one("change", section, actor=actor, reason=what, version=version)
        Attachment.objects.create(section=section, added_by=actor, added_by_name=actor.recorded_name, **kept)
        return Changed(section, _clear_sign_offs(section, actor, "An attachment was added."))


def remove_attachment(attachment: Attachment, *, actor: User, version: int) -> Changed:
    """Takes a file off its section, which is a change of it; the file stays on record. Raises Refused."""
    with transaction.atomic():
        section = _locked_section(attachment.section_id, actor)
        what = f"Attachment “{attachment.name}” removed, SHA-256 {attachment.sha256}."
        section = _move_one("change", section, actor=actor, reason=what, version=version)
        current = Attachment.objects.current().filter(pk=attachment.pk)
        current.update(removed_at=Now(), removed_by_name=actor.recorded_name)
        return Changed(section, _clear_sign_offs(section, actor, "An attachment was removed."))


def _sections(actor: User) -> SectionQuerySet:
    return Section.objects.visible_to(actor).with_disputed().select_related("module_version__module")


def preview_sections(
    name: str, pks: Iterable[int], *, actor: User, versions: Mapping[int, int] | None = None
) -> Outcome[Section]:
    """What a transition of sections would do and refuse at this moment; changes nothing."""
    return machine.preview(name, _sections(actor), pks, actor=actor, versions=versions)


def _hold_version_of(sections: Iterable[int]) -> None:
    """Versions are locked before their sections, always, so that two acts never wait for each other."""
    versions = ModuleVersion.objects.filter(sections__in=list(sections)).order_by("pk")
    list(
        ModuleVersion.objects.filter(pk__in=versions.values("pk")).select_for_update().order_by("pk").values_list("pk")
    )


def _locked_section(pk: int, actor: User) -> Section:
    _hold_version_of([pk])
    section = _sections(actor).filter(pk=pk).select_for_update(of=("self",)).first()
    if section is None:
        raise Refused(Refusal(f"#{pk}", "not_found", "Not found, or not yours to see."))
    return section


def _move_one(name: str, section: Section, *, actor: User, reason: str, version: int) -> Section:
    outcome = machine.judge(name, [section], actor=actor, reason=reason, versions={section.pk: version})
    if outcome.refused:
        raise Refused(outcome.refused[0])
    machine.move(name, [section], actor=actor, reason=reason)
    return section
