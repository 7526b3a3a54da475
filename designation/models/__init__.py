from designation.models.comments import Comment, RequestFile
from designation.models.designations import Designation
from designation.models.filings import BegunFiling
from designation.models.keys import ApiClient
from designation.models.notices import InAppOnly, Notice, NoticeKind
from designation.models.people import Agency, Agent, Agreement, Office, Role, User
from designation.models.reminders import Digest, Reminder
from designation.models.requests import FieldOpinion, Request
from designation.models.rosters import RosterMapping, RosterUpload
from designation.models.views import SavedView
from designation.models.visits import HomeVisit

__all__ = [
    "Agency",
    "Agent",
    "Agreement",
    "ApiClient",
    "BegunFiling",
    "Comment",
    "Designation",
    "Digest",
    "FieldOpinion",
    "HomeVisit",
    "InAppOnly",
    "Notice",
    "NoticeKind",
    "Office",
    "Reminder",
    "Request",
    "RequestFile",
    "Role",
    "RosterMapping",
    "RosterUpload",
    "SavedView",
    "User",
]
