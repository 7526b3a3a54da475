from pathlib import Path

from django.conf import settings

from designation import diagram
from designation.models import Request


def test_the_page_in_the_docs_is_current():
    file = Path(settings.BASE_DIR, "docs", "reference", "request-workflow.md")
    assert file.read_text(encoding="utf-8") == diagram.page(), "run: manage.py draw_workflow"


def test_every_declared_move_is_drawn():
    picture = diagram.page()
    for state in Request.parties:
        for found in Request.transitions_from(state):
            assert f"    {state} --> " in picture
            assert f": {found.name}\n" in picture
    assert "    returned --> dea_decision: resubmit\n" in picture
