"""Completions: the list, one by hand, one with its history, corrections, and the files that brought them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_safe

from audit import keyset
from audit.jobs import UnderWay, last_about
from audit.machine import Refused
from audit.models import Job
from designation.lists.asked import SORT, ListOf
from designation.models import Agent, Role, User
from designation.views.access import SignedIn, role_required, visible_or_404
from designation.views.jobs import job_ended, job_under_way
from designation.views.lists import shown_list
from training import xapi
from training.completions.entries import Entry
from training.completions.jobs import about, is_large_to_take_back, order_taking_back
from training.completions.judging import Judged, judge
from training.completions.people import People, Person
from training.forms.completions import CompletionForm, CorrectionForm, WhyForm
from training.lists.completions import COMPLETIONS
from training.models import Completion, CompletionImport
from training.permissions import TRAINING_READERS
from training.selectors import completions as selectors
from training.views import completion_files
from training.workflow import completions

PER_PAGE = 50
SUGGESTIONS = 8


@require_safe
def completion_list(request: SignedIn) -> HttpResponse:
    """The completions that the user may see, the latest recorded first; those that count no more are marked."""
    address = request.GET.dict()
    of = ListOf(COMPLETIONS, request.user, address)
    lists = request.user.has_role(*COMPLETIONS.roles)
    tools, instead = shown_list(request, of) if lists else ({"everything_url": COMPLETIONS.url}, "")
    if instead:
        return redirect(instead)
    filters = of.form.filters()
    found = selectors.find_completions(request.user, **filters)
    sort = address.get(SORT, "")
    sort = sort if sort in selectors.SORTS else selectors.LATEST
    page = keyset.page_of(selectors.completion_parts(found, sort), address, PER_PAGE)
    context = tools | {
        "form": of.form,
        "page": page,
        "count": keyset.count_beside(page, found, address),
        "rows": page.rows(selectors.with_completion_columns(found)),
        "sort": sort,
        "filtered": bool(filters),
        "records": completions.may_record(request.user),
        "reads_imports": request.user.has_role(*TRAINING_READERS),
        "shown": of.shown,
        "heads": of.shown.heads(),
    }
    return render(request, "training/completion_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.TRAINING_MANAGER)
def completion_add(request: SignedIn) -> HttpResponse:
    """Records one by hand: the form, then what it changes, then the record."""
    form = CompletionForm(request.POST or None, initial=request.GET.dict())
    suggested: dict[str, Any] = {}
    if form.is_valid():
        item = _judged(form, request.user)
        if item is None:
            suggested = _suggestions(form)
            form.add_error("person", "No badge number, e-mail address or username of anybody is equal to this.")
        elif item.faults:
            form.add_faults(item.faults)
        elif item.is_duplicate:
            form.add_error(None, "This completion is on record already, so nothing would be recorded.")
        elif item.set_aside is not None:
            form.add_error(None, _set_aside(item))
            form.ask_why_again()
        elif "confirmed" in request.POST:
            return _recorded(request, item.entry, form.cleaned_data.get("why_again", ""))
        elif "change" not in request.POST:
            return _confirm(request, form, item)
    return render(request, "training/completion_form.html", {"form": form, **suggested})


def _judged(form: CompletionForm, recorder: User) -> Judged | None:
    """What recording would do; None if the form names nobody on record."""
    entries = form.entries()
    people = People(entries)
    meant = [entry for entry in entries if isinstance(people.meant_by(entry), Person)]
    again = bool(form.cleaned_data.get("why_again"))
    return judge(meant[:1], again=again, recorder=recorder.pk)[0] if meant else None


def _set_aside(item: Judged) -> str:
    assert item.set_aside is not None
    return format_html(
        'This completion was on record. {} <a class="usa-link" href="{}">See it</a>.'
        " If it is true after all, say below why it is recorded again.",
        item.why_set_aside,
        item.set_aside.get_absolute_url(),
    )


def _suggestions(form: CompletionForm) -> dict[str, Any]:
    """People whose names begin so, each with the address of the form as it is, but for that person.

    With `more_are_called_so` where these are not all.
    """
    text = form.cleaned_data["person"]
    agents = Agent.objects.search(text).select_related("office")[: SUGGESTIONS + 1]
    users = selectors.users_named(text).select_related("office")[: SUGGESTIONS + 1]
    found = [(agent.badge_number, f"{agent}, {agent.office.code}") for agent in list(agents)[:SUGGESTIONS]]
    found += [(user.username, f"{user} ({user.username}), user") for user in list(users)[:SUGGESTIONS]]
    filled = {name: form.data.get(name, "") for name in form.fields}
    return {
        "suggestions": [{"query": urlencode({**filled, "person": person}), "name": name} for person, name in found],
        "more_are_called_so": max(len(agents), len(users)) > SUGGESTIONS,
    }


def _recorded(request: SignedIn, entry: Entry, why_again: str) -> HttpResponse:
    done = completions.record([entry], source=Completion.Source.HAND, actor=request.user, why_again=why_again)
    if not done.done:
        messages.warning(request, "Nothing was recorded: it is on record since a moment ago.")
        return redirect("training:completion_list")
    messages.success(request, "The completion is recorded.")
    return redirect("training:completion_detail", done.done[0])


def _confirm(request: SignedIn, form: CompletionForm, item: Judged) -> HttpResponse:
    person, version = item.person, item.version
    assert person is not None
    assert version is not None
    module = version.module
    mark = f" (pass mark {module.pass_mark} %)" if module.pass_mark else ""
    score = f"{item.percent}{mark}" if item.percent else "None"
    rows = [
        {"label": "Agent" if person.agent else "User", "value": person.name},
        {"label": "Module", "value": f"{module}, version {version}"},
        {"label": "Date completed", "value": date_format(item.entry.completed_on)},
        {"label": "Score", "value": score},
        {"label": "Result", "value": "Passed" if item.passed else "Failed"},
        {"label": "Evidence", "value": item.entry.evidence},
    ]
    if why_again := form.cleaned_data.get("why_again"):
        rows.append({"label": "Recorded again because", "value": why_again})
    standing = Completion.objects.standing().filter(agent=person.agent, user=person.user, module=module)
    passed_before = standing.passed().order_by("-completed_on").first()
    context = {
        "form": form,
        "rows": rows,
        "item": item,
        "passed_before": passed_before,
        "is_earlier": passed_before is not None and item.entry.completed_on <= passed_before.completed_on,
        "attempts": standing.filter(module_version=version).count() + 1,
        "allowed": module.attempts,
    }
    return render(request, "training/completion_confirm.html", context)


@require_safe
def completion_detail(request: SignedIn, pk: int) -> HttpResponse:
    """One completion, whether it counts, and what was corrected."""
    completion = _completion(request, pk)
    history = list(Completion.objects.visible_to(request.user).chain_of(pk).select_related("module", "imported"))
    latest = history[-1].pk == pk and not _taken_back(completion)
    own = completion.user_id == request.user.pk
    context = {
        "completion": completion,
        "facts": _facts(completion),
        "stands": latest and not completion.withdrawn,
        "taken_back": _taken_back(completion),
        "latest": history[-1],
        "timeline": [_entry(row) for row in history],
        "corrects": latest and completions.may_record(request.user),
        "why_not_corrected": completions.NOT_ONES_OWN if own else "",
    }
    return render(request, "training/completion_detail.html", context)


def _completion(request: SignedIn, pk: int) -> Completion:
    found: Completion = visible_or_404(Completion.objects.with_people(), request, pk=pk)
    return found


def _taken_back(completion: Completion) -> bool:
    return completion.imported is not None and completion.imported.taken_back_at is not None


def _facts(completion: Completion) -> list[dict[str, Any]]:
    return [
        {"label": "Agent" if completion.agent else "User", "value": completion.person},
        {"label": "Module", "value": f"{completion.module}, version {completion.module_version}"},
        {"label": "Date completed", "value": date_format(completion.completed_on)},
        {"label": "Result", "value": completion.result},
        {"label": "Score", "value": completion.percent or "None"},
        {"label": "Evidence", "value": completion.evidence or "None"},
        {"label": "Source", "value": completion.imported or completion.get_source_display()},
        {"label": "Recorded by", "value": completion.recorded_by_name},
    ]


def _entry(completion: Completion) -> dict[str, Any]:
    said = f"{completion.result} on {date_format(completion.completed_on)}"
    score = f", {completion.percent}" if completion.percent else ""
    label = "Withdrawn" if completion.withdrawn else f"{said}{score}"
    return {
        "label": f"Corrected: {label}" if completion.corrects_id and not completion.withdrawn else label,
        "at": completion.recorded_at,
        "who": completion.recorded_by_name,
        "reason": completion.why,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.TRAINING_MANAGER)
def completion_correct(request: SignedIn, pk: int) -> HttpResponse:
    completion = _completion(request, pk)
    form = CorrectionForm(request.POST or None, completion=completion)
    if form.is_valid():
        given = dict(form.cleaned_data)
        try:
            right = completions.correct(pk, actor=request.user, why=given.pop("reason"), **given)
        except completions.CannotStand as error:
            form.add_faults(error.faults)
        except Refused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The correction is recorded. What was wrong stays in the history.")
            return redirect(right)
    context = {"form": form, "completion": completion, "facts": _facts(completion)}
    return render(request, "training/completion_correct.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.TRAINING_MANAGER)
def completion_withdraw(request: SignedIn, pk: int) -> HttpResponse:
    completion = _completion(request, pk)
    form = WhyForm(request.POST or None)
    if form.is_valid():
        try:
            withdrawn = completions.withdraw(pk, actor=request.user, why=form.cleaned_data["reason"])
        except Refused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The completion is withdrawn. It stays in the history and does not count.")
            return redirect(withdrawn)
    context = {
        "heading": "Withdraw the completion",
        "form": form,
        "completion": completion,
        "facts": _facts(completion),
        "submit": "Withdraw",
        "danger": True,
        "cancel_url": completion.get_absolute_url(),
    }
    return render(request, "training/completion_withdraw.html", context)


@require_safe
@role_required(*TRAINING_READERS)
def completion_imports(request: SignedIn) -> HttpResponse:
    """The files that brought completions, the latest first."""
    imports = CompletionImport.objects.visible_to(request.user)
    page = Paginator(imports, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "records": completions.may_record(request.user),
        "columns": [{"label": label, "numeric": label == "Completions"} for label in IMPORT_COLUMNS],
    }
    return render(request, "training/completion_imports.html", context)


IMPORT_COLUMNS = ("File", "Completions", "Recorded", "By", "Status")


@require_safe
@role_required(*TRAINING_READERS)
def completion_import(request: SignedIn, pk: int) -> HttpResponse:
    """One file, and the completions that it brought."""
    file = visible_or_404(CompletionImport.objects.select_related("upload"), request, pk=pk)
    job = last_about(about(file))
    if job and job.is_unfinished:
        return job_under_way(request, job)
    if request.headers.get("HX-Request"):
        return job_ended()
    brought = Completion.objects.visible_to(request.user).filter(imported=file).with_people().order_by("pk")
    upload = getattr(file, "upload", None)
    context = {
        "file": file,
        "upload": upload if upload and completions.may_record(request.user) else None,
        "records": completions.may_record(request.user),
        "page": Paginator(brought, PER_PAGE).get_page(request.GET.get("page")),
        "reported": file.reports.count(),
        "stopped": job if job and job.state != Job.State.DONE else None,
    }
    return render(request, "training/completion_import.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.TRAINING_MANAGER)
def completion_take_back(request: SignedIn, pk: int) -> HttpResponse:
    file = visible_or_404(CompletionImport.objects.all(), request, pk=pk)
    effect = completions.taking_back(file)
    form = WhyForm(request.POST or None)
    if form.is_valid():
        why = form.cleaned_data["reason"]
        try:
            if is_large_to_take_back(effect):
                order_taking_back(file, request.user, why=why)
            else:
                completions.take_back(pk, actor=request.user, why=why)
                messages.success(request, "The file is taken back.")
        except (Refused, UnderWay) as error:
            form.add_error(None, str(error))
        else:
            return redirect("training:completion_import", pk)
    context = {
        "heading": "Take the file back",
        "file": file,
        "effect": effect,
        "form": form,
        "submit": "Take the file back",
        "danger": True,
        "cancel_url": reverse("training:completion_import", args=[pk]),
    }
    return render(request, "training/completion_take_back.html", context)


urlpatterns = [
    path("completions/", completion_list, name="completion_list"),
    path("completions/record/", completion_add, name="completion_add"),
    path("completions/<int:pk>/", completion_detail, name="completion_detail"),
    path("completions/<int:pk>/correct/", completion_correct, name="completion_correct"),
    path("completions/<int:pk>/withdraw/", completion_withdraw, name="completion_withdraw"),
    path("completions/imports/", completion_imports, name="completion_imports"),
    path("completions/imports/<int:pk>/", completion_import, name="completion_import"),
    path("completions/imports/<int:pk>/take-back/", completion_take_back, name="completion_take_back"),
    *completion_files.urlpatterns,
    *xapi.urlpatterns,
]
