"""How modules and their versions change: lock, check, move, record, tell the other agency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max

from audit import ledger, machine
from audit.machine import Outcome, Refusal, Refused
from designation.changes import record_added, record_changed
from designation.declared import declared
from designation.models import Role, User
from training.models import Module, ModuleVersion, Section
from training.notices import tell_agencies
from training.permissions import OWNERS
from training.workflow.sections import copy_sections

RECORDED = {
    "title": "Title",
    "purpose": "Purpose",
    "agreement": "Agreement",
    "provision": "Provision",
    "owners": "Owners",
    "pass_mark": "Pass mark",
    "attempts": "Attempts",
}


def may_keep(module: Module, user: User) -> bool:
    """A training manager of an agency that owns the module."""
    return user.has_role(Role.TRAINING_MANAGER) and user.agency_code in module.owners


class ModuleChanged(Exception):
    """The module was changed after the page was opened."""


def save_module(module: Module, *, actor: User, change_count: int | None = None) -> Module:
    """Adds the module, or changes the one on record; what changed goes on record too.

    `change_count` is the one that the actor was looking at. The owners of a module with versions stay.
    Raises PermissionDenied, ModuleChanged, ValidationError.
    """
    with transaction.atomic():
        before = Module.objects.select_for_update().get(pk=module.pk) if module.pk else None
        if not all(may_keep(found, actor) for found in (module, before) if found):
            raise PermissionDenied(OWNERS.why)
        if before is None:
            module.save()
            record_added([(module, "Added.")], actor=actor)
            return module
        if change_count is not None and change_count != before.change_count:
            raise ModuleChanged
        changed = [name for name in RECORDED if getattr(before, name) != getattr(module, name)]
        if "owners" in changed and before.versions.exists():
            raise ValidationError({"owners": "Versions were written under these owners. Add another module instead."})
        if changed:
            module.change_count = before.change_count + 1
            module.save()
            told = "; ".join(f"{RECORDED[name]}: {getattr(before, name)} → {getattr(module, name)}" for name in changed)
            record_changed([(module, f"{told}.")], actor=actor)
    return module


def draft_version(module: Module, *, actor: User) -> ModuleVersion:
    """Begins the next version, with the texts of the first of `most_telling_first`. Raises Refused."""
    with transaction.atomic():
        module = Module.objects.select_for_update().get(pk=module.pk)
        if not may_keep(module, actor):
            raise Refused(Refusal(module.code, "permission", OWNERS.why))
        under_way = module.versions.in_development().first()
        if under_way is not None:
            raise Refused(Refusal(module.code, "condition", f"{under_way} is in development already."))
        before = module.versions.most_telling_first().first()
        ordinal = (module.versions.aggregate(last=Max("ordinal"))["last"] or 0) + 1
        version = ModuleVersion.objects.create(
            module=module, ordinal=ordinal, number=f"{module.code}-v{ordinal}", drafted_by=actor
        )
        ledger.append(
            ModuleVersion.workflow, [machine.step_of(version, "draft", role=Role.TRAINING_MANAGER)], actor=actor
        )
        if before is not None:
            copy_sections(before, version, actor)
    return version


def move_versions(
    name: str, pks: Iterable[int], *, actor: User, reason: str = "", versions: Mapping[int, int] | None = None
) -> Outcome[ModuleVersion]:
    """Makes one transition of versions, in one database transaction. Publishing supersedes the version before."""
    wanted = list(dict.fromkeys(pks))
    with transaction.atomic():
        visible = ModuleVersion.objects.visible_to(actor).select_related("module").filter(pk__in=wanted)
        rows = list(visible.select_for_update(of=("self",)).order_by("pk"))
        # Nobody changes a text or takes a sign-off away while it is published.
        list(Section.objects.filter(module_version__in=rows).select_for_update().order_by("pk").values_list("pk"))
        outcome = machine.judge(name, rows, actor=actor, reason=reason, versions=versions)
        outcome.refused += machine.not_found(wanted, rows)
        if name == "publish":
            _supersede_before(outcome.done, actor)
        machine.move(name, outcome.done, actor=actor, reason=reason)
        for version in outcome.done:
            told = f"{version} was {declared(ModuleVersion, name).done}"
            tell_agencies(version.module.owners, told, reason, path=version.get_absolute_url(), actor=actor)
    return outcome


def preview_versions(
    name: str, pks: Iterable[int], *, actor: User, versions: Mapping[int, int] | None = None
) -> Outcome[ModuleVersion]:
    """What `move_versions` would do and refuse at this moment; changes nothing."""
    visible = ModuleVersion.objects.visible_to(actor).select_related("module")
    return machine.preview(name, visible, pks, actor=actor, versions=versions)


def _supersede_before(versions: Sequence[ModuleVersion], actor: User) -> None:
    before = ModuleVersion.objects.published().filter(module__in=[version.module_id for version in versions])
    machine.perform(
        "supersede",
        ModuleVersion.objects.select_related("module"),
        before.values_list("pk", flat=True),
        actor=actor,
        reason="A newer version was published.",
    )
