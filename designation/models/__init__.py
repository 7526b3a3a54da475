from designation.models.designations import Designation
from designation.models.notices import Notice
from designation.models.people import Agency, Agent, Agreement, Office, Role, User
from designation.models.requests import FieldOpinion, Request
from designation.models.rosters import RosterMapping, RosterUpload

__all__ = [
    "Agency",
    "Agent",
    "Agreement",
    "Designation",
    "FieldOpinion",
    "Notice",
    "Office",
    "Request",
    "Role",
    "RosterMapping",
    "RosterUpload",
    "User",
]
