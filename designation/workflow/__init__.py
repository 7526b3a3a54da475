"""The only way in which requests and designations change: lock, check, move, record, notify; one is a batch of one."""

from audit.machine import Outcome, Refusal, Refused
from designation.workflow.designations import (
    change_designations,
    expire_designations,
    granted,
    preview_designations,
    tell_of_designations,
    term_end,
)
from designation.workflow.filing import NewRequest, file_requests
from designation.workflow.requests import (
    Act,
    acts,
    amend_draft,
    preview,
    resubmit,
    tell_of,
    transition,
    transition_one,
)

__all__ = [
    "Act",
    "NewRequest",
    "Outcome",
    "Refusal",
    "Refused",
    "acts",
    "amend_draft",
    "change_designations",
    "expire_designations",
    "file_requests",
    "granted",
    "preview",
    "preview_designations",
    "resubmit",
    "tell_of",
    "tell_of_designations",
    "term_end",
    "transition",
    "transition_one",
]
