"""Filing one request: choose the agent, say what is asked, check, submit. And answering one that came back.

The second page saves a draft, so that a button pressed twice makes one request. What is typed there is kept before, as
it is typed and when the page is left by its second button.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from audit.machine import Refusal, Refused
from designation import agent_selectors, filings, selectors, workflow
from designation.act_forms import VersionForm
from designation.dues import due_after_filing
from designation.fields import is_key
from designation.forms import AgentSearchForm, AnswerForm, DraftForm, FilingForm
from designation.models import Agent, BegunFiling, Request
from designation.models.requests import State
from designation.permissions import FILING_OFFICE, HSI_ROLES
from designation.views.access import SignedIn, post_only, role_required, visible_or_404
from designation.views.requests import ask_again, detail_url, refused_to

AGENTS_PER_PAGE = 20
LATER = "later"
STEPS = ["Choose the agent", "Say what is asked", "Check and submit"]


@require_safe
@role_required(*HSI_ROLES)
def request_create(request: SignedIn) -> HttpResponse:
    """Step 1: choose an agent of the office, or say that he is new."""
    form = AgentSearchForm(request.GET)
    found = agent_selectors.find_agents(request.user, text=form.text_given(), active=agent_selectors.YES)
    agents = agent_selectors.with_open_request(found.select_related("office"), request.user)
    context = {
        "form": form,
        "page": Paginator(agents, AGENTS_PER_PAGE).get_page(request.GET.get("page")),
        "steps": STEPS,
        "details_url": reverse("designation:request_details"),
        "begun": BegunFiling.objects.visible_to(request.user).select_related("agent"),
    }
    return render(request, "designation/filing_agent.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*HSI_ROLES)
def request_details(request: SignedIn) -> HttpResponse:
    """Step 2: say what is asked for the agent, on record (?agent=KEY) or new. Saves a draft."""
    agent = _agent(request)
    # A form that is sent twice must get as far as the draft of the first time.
    if agent and request.method != "POST" and Request.objects.open().filter(agent=agent).exists():
        return _blocked_page(request, agent)
    begun = filings.kept(request.user, agent) if request.method != "POST" else None
    form = FilingForm(request.POST or None, user=request.user, agent=agent, begun=begun.answers if begun else None)
    existing = None
    if request.method == "POST":
        filings.keep(request.user, agent, form.typed())
    if LATER in request.POST:
        messages.success(request, "What you typed is kept. Go on with it below.")
        return redirect("designation:request_create")
    if form.is_valid():
        saved, refusal = _save_draft(request, form)
        if saved:
            filings.forget(request.user, agent)
            return redirect("designation:request_check", saved.number)
        existing = _existing(request, form, refusal)
    context = {"form": form, "agent": agent, "existing": existing, "steps": STEPS, "begun": begun, "later": LATER}
    return render(request, "designation/filing_details.html", context)


def _create_url(_request: SignedIn) -> str:
    return reverse("designation:request_create")


@role_required(*HSI_ROLES)
@post_only(_create_url)
def request_begun(request: SignedIn) -> HttpResponse:
    """Keeps what was typed so far for the agent (?agent=KEY), as the page asks while it is typed; or forgets it."""
    agent = _agent(request)
    if "forget" in request.POST:
        filings.forget(request.user, agent)
        messages.success(request, "What you had typed is thrown away.")
        return redirect("designation:request_create")
    filings.keep(request.user, agent, FilingForm(request.POST, user=request.user, agent=agent).typed())
    return render(request, "designation/_filing_kept.html", {"begun": filings.kept(request.user, agent)})


def _blocked_page(request: SignedIn, agent: Agent) -> HttpResponse:
    """Says that the agent has an open request, and which, if the user may see it."""
    existing = Request.objects.visible_to(request.user).open().filter(agent=agent).first()
    return render(request, "designation/filing_blocked.html", {"agent": agent, "existing": existing})


def _agent(request: SignedIn) -> Agent | None:
    key = request.GET.get("agent", "")
    return visible_or_404(Agent.objects.select_related("office"), request, pk=key) if is_key(key) else None


def _save_draft(request: SignedIn, form: FilingForm) -> tuple[Request | None, Refusal | None]:
    """The draft, or why there is none. Pressing the button twice leads to the draft of the first time."""
    entry, office = form.entry(), form.filing_office()
    if not FILING_OFFICE(Request(office=office), request.user):
        raise PermissionDenied(FILING_OFFICE.why)
    outcome = workflow.file_requests([entry], actor=request.user, office=office, submit=False)
    if outcome.done:
        return outcome.done[0], None
    same = Request.objects.visible_to(request.user).filter(
        agent__badge_number=entry.badge_number,
        state=State.DRAFT,
        filed_by=request.user,
        priority=entry.priority,
        justification=entry.justification,
    )
    return same.first(), outcome.refused[0]


def _existing(request: SignedIn, form: FilingForm, refusal: Refusal | None) -> Request | None:
    """Says on the form why there is no draft; gives the request that stands in the way, if the user may see it."""
    if refusal is None:
        return None
    field = refusal.code if refusal.code in form.fields else None
    form.add_error(field, refusal.message)
    under_way = Request.objects.visible_to(request.user).open()
    return under_way.filter(agent__badge_number=refusal.number).first()


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*HSI_ROLES)
def request_edit(request: SignedIn, number: str) -> HttpResponse:
    """Changes a draft."""
    row = visible_or_404(Request.objects.with_people(), request, number=number)
    if row.state != State.DRAFT:
        return refused_to(request, detail_url(row), "It is no longer a draft.")
    form = DraftForm(request.POST or None, row=row)
    context = {"form": form, "row": row, "steps": STEPS}
    if form.is_valid():
        try:
            workflow.amend_draft(row.pk, actor=request.user, **form.cleaned_data)
        except Refused as refused:
            if refused.refusal.code != "stale":
                return refused_to(request, detail_url(row), str(refused))
            ask_again(request, form, row.version, str(refused))
            context["on_record"] = _content(row)
        else:
            return redirect("designation:request_check", row.number)
    return render(request, "designation/filing_edit.html", context)


def _content(row: Request) -> list[dict[str, Any]]:
    return [
        {"label": "Agent", "value": row.agent},
        {"label": "Kind of request", "value": row.get_kind_display()},
        {"label": "Priority", "value": row.get_priority_display()},
        {"label": "Justification", "value": row.justification},
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*HSI_ROLES)
def request_check(request: SignedIn, number: str) -> HttpResponse:
    """Step 3: check the answers, and submit."""
    row = visible_or_404(Request.objects.with_people(), request, number=number)
    if row.state != State.DRAFT:
        messages.info(request, f"{row.number} has been submitted already.")
        return redirect(detail_url(row))
    form = VersionForm(request.POST or None, initial={"version": row.version})
    if form.is_valid():
        try:
            workflow.transition_one("submit", row.pk, actor=request.user, version=form.cleaned_data["version"])
        except Refused as refused:
            return refused_to(request, detail_url(row), str(refused))
        return redirect("designation:request_submitted", row.number)
    hindrances = workflow.preview("submit", [row.pk], actor=request.user).refused
    context = {
        "row": row,
        "form": form,
        "answers": _answers(row),
        "hindrance": hindrances[0].message if hindrances else "",
        "steps": STEPS,
    }
    return render(request, "designation/filing_check.html", context)


def _answers(row: Request) -> list[dict[str, Any]]:
    """What is asked, each with where it is changed; an agent who comes from another office is not changed here."""
    edit_url = reverse("designation:request_edit", args=[row.number])
    agent_url = f"{reverse('designation:agent_edit', args=[row.agent_id])}?draft={row.number}"
    is_theirs = row.agent.office_id == row.office_id
    files = row.files.current().values_list("name", flat=True)
    return [
        {"label": "Agent", "value": row.agent, "change_url": agent_url if is_theirs else ""},
        {
            "label": "E-mail",
            "value": row.agent.email or "Not on record",
            "change_url": f"{agent_url}#id_email" if is_theirs else "",
        },
        {"label": "HSI office", "value": row.office},
        {"label": "Kind of request", "value": row.get_kind_display(), "change_url": f"{edit_url}#id_kind"},
        {"label": "Priority", "value": row.get_priority_display(), "change_url": f"{edit_url}#id_priority_0"},
        {"label": "Justification", "value": row.justification, "change_url": f"{edit_url}#id_justification"},
        {
            "label": "Files",
            "value": "\n".join(files) or "None",
            "change_url": reverse("designation:request_comment", args=[row.number]),
        },
    ]


@require_safe
@role_required(*HSI_ROLES)
def request_submitted(request: SignedIn, number: str) -> HttpResponse:
    """Says that the request is submitted, and what happens next."""
    row = visible_or_404(Request.objects.with_people(), request, number=number)
    if row.state != State.HSI_REVIEW:
        return redirect(detail_url(row))
    return render(request, "designation/filing_submitted.html", {"row": row, "dues": due_after_filing([row.number])})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*HSI_ROLES)
def request_answer(request: SignedIn, number: str) -> HttpResponse:
    """Answers a returned request, which goes back to whoever returned it."""
    row = visible_or_404(Request.objects.with_people().with_clock(), request, number=number)
    if row.state != State.RETURNED:
        return refused_to(
            request, detail_url(row), f"It is in “{row.get_state_display()}”: there is nothing to answer."
        )
    form = AnswerForm(request.POST or None, row=row)
    if form.is_valid():
        try:
            answered = workflow.resubmit(row.pk, actor=request.user, **form.cleaned_data)
        except Refused as refused:
            return _answer_again(request, row, form, refused)
        messages.success(request, f"{row.number} is answered. It is in “{answered.get_state_display()}” again.")
        return redirect(detail_url(row))
    return _answer_page(request, row, form)


def _answer_again(request: SignedIn, row: Request, form: AnswerForm, refused: Refused) -> HttpResponse:
    """What was typed stays on the page, which now shows and carries the request as it is."""
    row = visible_or_404(Request.objects.with_people().with_clock(), request, number=row.number)
    if row.state != State.RETURNED:
        return refused_to(request, detail_url(row), str(refused))
    ask_again(request, form, row.version, str(refused))
    return _answer_page(request, row, form, _content(row))


def _answer_page(
    request: SignedIn, row: Request, form: AnswerForm, on_record: Sequence[dict[str, Any]] = ()
) -> HttpResponse:
    context = {
        "row": row,
        "form": form,
        "on_record": on_record,
        "returned_from": row.state_label(row.returned_from),
        "last_return": selectors.last_step(row, "return_to_office"),
        "cancel_url": detail_url(row),
    }
    return render(request, "designation/request_answer.html", context)
