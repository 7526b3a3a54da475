"""What several tests of imports begin with."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a test writes the event log that it imports."""
    return tmp_path / "log.csv"
