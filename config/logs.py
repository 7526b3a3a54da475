"""What goes into the log."""

from __future__ import annotations

import logging


class WithoutTraceOfRefusals(logging.Filter):
    """Leaves out where a refusal was raised: that somebody may not do a thing, or asked for what is not there, is no
    fault to look for. Errors keep their traces.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "django.request" and record.levelno < logging.ERROR:
            record.exc_info = None
        return True
