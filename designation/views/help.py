"""Guides by role and the glossary, open to whoever is signed in."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from designation.help import guides
from designation.models import Role
from designation.views.access import SignedIn


@require_safe
def help_home(request: SignedIn) -> HttpResponse:
    """All guides, the reader's own first."""
    own, others = guides.guides_for(request.user)
    return render(request, "designation/help.html", {"own": own, "others": others})


@require_safe
def help_guide(request: SignedIn, role: str) -> HttpResponse:
    """One role's guide."""
    if role not in Role.values:
        raise Http404("There is no guide for that role.")
    guide = guides.guide(Role(role))
    return render(request, "designation/help_guide.html", {"guide": guide, "own": request.user.has_role(role)})


@require_safe
def help_glossary(request: SignedIn) -> HttpResponse:
    """What the terms mean."""
    return render(request, "designation/help_glossary.html", {"terms": guides.glossary()})
