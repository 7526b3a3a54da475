"""No cell that we write is run as a formula."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.spreadsheets import harmless


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "  ="])
def test_what_could_start_a_formula_is_made_text(start: str):
    assert harmless(f'{start}HYPERLINK("http://example.com")').startswith(f"'{start}")


@given(cell=st.one_of(st.none(), st.text(), st.integers(min_value=0)))
def test_every_other_cell_stays_as_it_is(cell: object):
    text = "" if cell is None else str(cell)

    assert harmless(cell) in {text, f"'{text}"}
    assert not harmless(cell).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
