"""The list of agents, which the office keeps."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.views.decorators.http import require_http_methods, require_safe

from audit import keyset
from audit.moments import moment
from designation import agent_selectors, selectors
from designation.agents import AgentChanged, may_keep_agents_of, save_agent, set_active
from designation.changes import changes_of
from designation.forms import AgentForm
from designation.lists.agents import AGENTS
from designation.lists.asked import ListOf
from designation.models import Agent, Designation, Request, Role, User
from designation.models.requests import State
from designation.panels import panels_of
from designation.permissions import HSI_ROLES, READER_ROLES
from designation.views.access import SignedIn, post_only, role_required, visible_or_404
from designation.views.acts import ON_DESIGNATION
from designation.views.lists import shown_list

PER_PAGE = 50
BY_NAME = ("last_name", "first_name", "badge_number")
SAVE_AGAIN = "What you typed is kept below. Save again to put it in place of what is on record now."


@require_safe
@role_required(*READER_ROLES)
def agent_list(request: SignedIn) -> HttpResponse:
    address = request.GET.dict()
    of = ListOf(AGENTS, request.user, address)
    tools, instead = shown_list(request, of)
    if instead:
        return redirect(instead)
    filters = of.form.filters()
    found = agent_selectors.find_agents(request.user, **filters)
    page = keyset.page_of([keyset.Part(found, BY_NAME)], address, PER_PAGE)
    context = tools | {
        "form": of.form,
        "page": page,
        "agents": page.rows(agent_selectors.with_agent_columns(found, request.user)),
        "count": keyset.count_beside(page, found, address),
        "filtered": bool(filters),
        "keeps": request.user.has_role(*HSI_ROLES),
        "shown": of.shown,
        "heads": of.shown.heads(),
    }
    return render(request, "designation/agent_list.html", context)


@require_safe
@role_required(*READER_ROLES, Role.TRAINING_MANAGER)
def agent_detail(request: SignedIn, pk: int) -> HttpResponse:
    agent = visible_or_404(Agent.objects.select_related("office"), request, pk=pk)
    designations = Designation.objects.visible_to(request.user).filter(agent=agent)
    keeps = may_keep_agents_of(request.user, agent.office)
    context = {
        "agent": agent,
        "facts": _facts(agent),
        "opens_list": request.user.has_role(*READER_ROLES),
        "keeps": keeps,
        "why_not_filed": _why_not_filed(agent, request.user) if keeps else "",
        "requests": Request.objects.visible_to(request.user).filter(agent=agent).with_clock(),
        "designations": [_designation_item(request, row) for row in designations.with_people()],
        "changes": changes_of(agent),
        "panels": panels_of("agent", agent, request.user, request.GET.dict()),
    }
    return render(request, "designation/agent_detail.html", context)


def _designation_item(request: SignedIn, row: Designation) -> dict[str, Any]:
    acts = [act for act in selectors.acts_open_to(row, request.user) if act.name in ON_DESIGNATION.acts]
    return {"row": row, "acts": acts}


def _why_not_filed(agent: Agent, user: User) -> str:
    """Why no request can be filed for the agent now."""
    if not agent.is_active:
        return "No request is submitted for an agent who is not active. Mark the agent active first."
    under_way = Request.objects.open().filter(agent=agent)
    if not (seen := under_way.visible_to(user).first()) and not under_way.exists():
        return ""
    return f"{seen or 'A request of another office'} is open: an agent has one open request at a time."


def _facts(agent: Agent) -> list[dict[str, Any]]:
    return [
        {"label": "Badge number", "value": agent.badge_number},
        {"label": "E-mail", "value": agent.email or "Not on record"},
        {"label": "Hired on", "value": date_format(agent.hired_on) if agent.hired_on else "Not on record"},
        {"label": "HSI office", "value": agent.office},
        {"label": "Status", "value": "Active" if agent.is_active else "Not active"},
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*HSI_ROLES)
def agent_add(request: SignedIn) -> HttpResponse:
    return _agent_form(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*HSI_ROLES)
def agent_edit(request: SignedIn, pk: int) -> HttpResponse:
    return _agent_form(request, visible_or_404(Agent.objects.select_related("office"), request, pk=pk))


def _agent_form(request: SignedIn, agent: Agent | None) -> HttpResponse:
    heading = f"Change {agent.full_name}" if agent else "Add an agent"
    form = AgentForm(request.POST or None, instance=agent, user=request.user)
    if form.is_valid():
        version, reason = form.cleaned_data.get("version"), form.cleaned_data.get("reason", "")
        try:
            saved = save_agent(form.instance, actor=request.user, version=version, reason=reason)
        except ValidationError as error:
            form.add_error(None, error)
        except AgentChanged as changed:
            # What was typed stays; the form carries the version of what it is told of here.
            form.data = {**request.POST.dict(), "version": changed.version}
            form.add_error(None, _told_of(changed))
        else:
            messages.success(request, f"{saved.full_name} ({saved.badge_number}) is saved.")
            return redirect(_after_saving(request, saved))
    return render(request, "designation/agent_form.html", {"form": form, "agent": agent, "heading": heading})


def _after_saving(request: SignedIn, agent: Agent) -> str:
    """The check of the draft from which the user came (?draft=NUMBER), otherwise the page of the agent."""
    drafts = Request.objects.visible_to(request.user).filter(agent=agent, state=State.DRAFT)
    draft = next((found for found in drafts if found.number == request.GET.get("draft")), None)
    if draft:
        return reverse("designation:request_check", args=[draft.number])
    return reverse("designation:agent_detail", args=[agent.pk])


def _told_of(changed: AgentChanged) -> list[str]:
    told = [
        f"{entry.user} changed this agent on {moment(entry.action_time)}: {entry.get_change_message()}"
        for entry in reversed(changed.changes)
    ]
    return ["Nothing was saved: this agent was changed since you opened the page.", *told, SAVE_AGAIN]


def _agent_url(_request: SignedIn, pk: int) -> str:
    return reverse("designation:agent_detail", args=[pk])


@role_required(*HSI_ROLES)
@post_only(_agent_url)
def agent_active(request: SignedIn, pk: int) -> HttpResponse:
    """Marks the agent active, or not active."""
    agent = visible_or_404(Agent.objects.all(), request, pk=pk)
    agent = set_active(agent, request.POST.get("active") == "yes", actor=request.user)
    messages.success(request, f"{agent.full_name} is marked {'active' if agent.is_active else 'not active'}.")
    return redirect("designation:agent_detail", agent.pk)
