"""What goes into the log, by the handler of the settings."""

from __future__ import annotations

import io
import logging

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404


@pytest.fixture
def log(monkeypatch):
    (handler,) = (each for each in logging.getLogger().handlers if type(each) is logging.StreamHandler)
    stream = io.StringIO()
    monkeypatch.setattr(handler, "stream", stream)
    return stream


def write(log, level, error):
    logging.getLogger("django.request").log(level, "Met on /requests/", exc_info=error)
    return log.getvalue()


@pytest.mark.parametrize("refusal", [PermissionDenied("Not yours."), Http404("Not there.")])
def test_a_refusal_takes_one_line(log, refusal):
    assert write(log, logging.WARNING, refusal).count("\n") == 1


def test_an_error_keeps_its_trace(log):
    assert "ValueError: a fault" in write(log, logging.ERROR, ValueError("a fault"))
