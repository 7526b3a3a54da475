"""A learning system that posts statements, and a statement as it posts it."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import uuid4

from django.test import Client

from designation.keys import save_with_new_key
from tests.training.completion_data import DAY
from tests.training.factories import Managers
from training.models import LearningSystem

URL = "/training/xapi/statements"
ADL = "http://adlnet.gov/expapi/verbs/"


class System:
    """A learning system with its key, as its client posts."""

    def __init__(self, people: Managers) -> None:
        self.system = LearningSystem(name="ICE learning")
        self.key = save_with_new_key(self.system, actor=people.operator)
        self.client = Client(enforce_csrf_checks=True)

    def post(self, content: Any, *, key: str | None = None, name: str = "ICE learning", **headers: str) -> Any:
        pair = f"{name}:{self.key if key is None else key}"
        sent = {
            "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
            "X-Experience-API-Version": "1.0.3",
            **headers,
        }
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.client.post(URL, body, content_type="application/json", headers=sent)


def statement(says: str = "passed", **values: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "actor": {"mbox": "mailto:lee.stone@example.gov"},
        "verb": {"id": ADL + says, "display": {"en-US": says}},
        "object": {"id": "https://learning.example.gov/courses/JT-2009"},
        "timestamp": f"{DAY}T14:30:00-04:00",
        **values,
    }
