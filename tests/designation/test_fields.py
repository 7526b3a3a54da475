"""What every form of the project has in common."""

from __future__ import annotations

from designation.act_forms import VersionForm
from designation.fields import OUT_OF_ORDER


def test_what_is_wrong_with_a_hidden_field_is_told_once_and_without_its_name():
    page = VersionForm({}).render()
    assert page.count(OUT_OF_ORDER) == 1
    assert "Hidden field" not in page
