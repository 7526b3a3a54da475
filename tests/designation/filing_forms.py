"""The forms in which one request is filed: their addresses, what is typed, and its submission."""

from __future__ import annotations

from django.urls import reverse

from designation.models import Request

CREATE = reverse("designation:request_create")
DETAILS = reverse("designation:request_details")
CONTENT = {"kind": "", "priority": "routine", "justification": "Works cases at the port."}
NEW_AGENT = {"badge_number": "00991", "first_name": "Lee", "last_name": "Stone", "email": "lee@example.gov"}


def check(request: Request) -> str:
    return reverse("designation:request_check", args=[request.number])


def submit(client, request: Request, **values):
    return client.post(check(request), {"version": request.version, **values}, follow=True)
