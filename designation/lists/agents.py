"""The list of agents: its columns on the page and in a file."""

from __future__ import annotations

from functools import partial

from django.db.models import F, Value
from django.db.models.functions import Concat

from audit.exports.columns import CODE, DATE, TEXT
from audit.exports.listing import Listed, Listing
from designation import agent_selectors
from designation.forms import AgentFilterForm
from designation.lists.columns import Catalogue, ListColumn
from designation.lists.export import OPEN_REQUEST, exported, labelled
from designation.lists.kinds import ListKind
from designation.models import Agent, Designation, Request, User
from designation.models.designations import Status
from designation.permissions import READER_ROLES

CATALOGUE = Catalogue(
    (
        ListColumn("agent", "Agent"),
        ListColumn("badge", "Badge number"),
        ListColumn("office", "Office"),
        ListColumn("email", "E-mail"),
        ListColumn("hired", "Hired on"),
        ListColumn("status", "Status"),
        ListColumn("designated", "Designated now"),
        ListColumn("until", "Designated until"),
        ListColumn("open", "Open request"),
    )
)
READ = {"name": Concat(F("last_name"), Value(", "), F("first_name")), "office_code": F("office__code")}
BY_NAME = "subject.last_name, subject.first_name, subject.badge_number"


def listed(user: User, listing: Listing) -> Listed:
    """The agents that the user may see, as the list shows them. They have no workflow but that of designations."""
    found = agent_selectors.find_agents(user, **listing.asked)
    rows = agent_selectors.with_agent_columns(found, user).annotate(**READ)
    return Listed(
        workflow=Designation.workflow,
        rows=rows.order_by().values(
            "last_name",
            "first_name",
            "badge_number",
            "email",
            "hired_on",
            "is_active",
            "designated",
            "designated_until",
            "has_open_request",
            "open_request",
            *READ,
        ),
        seen=[model.objects.visible_to(user) for model in (Agent, Designation, Request)],
        columns=[COLUMNS[name] for name in CATALOGUE.named(listing.columns).names],
        order=BY_NAME,
    )


_column = partial(exported, CATALOGUE)
COLUMNS = {
    "agent": _column("agent", "Last name, first name.", TEXT, "subject.name"),
    "badge": _column("badge", "The badge number, with its leading zeros.", TEXT, "subject.badge_number"),
    "office": _column("office", "Code of the agent’s HSI office.", CODE, "subject.office_code"),
    "email": _column(
        "email", "The e-mail address.", TEXT, "nullif(subject.email, '')", can_be_empty="none is on record"
    ),
    "hired": _column(
        "hired", "First day as an agent of HSI.", DATE, "subject.hired_on", can_be_empty="it is not on record"
    ),
    "status": _column(
        "status",
        "Whether requests can be submitted for the agent.",
        CODE,
        "CASE WHEN subject.is_active THEN 'Active' ELSE 'Not active' END",
    ),
    "designated": _column(
        "designated",
        "Whether the agent is cross-designated on the day of the export, for whichever office; suspended is not.",
        CODE,
        f"coalesce({labelled('subject.designated', [(Status.ACTIVE, 'Yes'), (Status.SUSPENDED, 'Suspended')])}, 'No')",
    ),
    "until": _column(
        "until",
        "The last day of the designation that is active.",
        DATE,
        f"CASE WHEN subject.designated = '{Status.ACTIVE}' THEN subject.designated_until END",
        can_be_empty="none is active, or it is of an office whose designations are not yours to see",
    ),
    "open": _column("open", *OPEN_REQUEST, can_be_empty="there is none"),
}


def _default_columns(_user: User) -> list[str]:
    return ["agent", "badge", "office", "status", "until", "open"]


AGENTS = ListKind(
    name="agents",
    label="Agents",
    row="agent",
    url_name="designation:agent_list",
    roles=READER_ROLES,
    form=AgentFilterForm,
    find=agent_selectors.find_agents,
    catalogue=CATALOGUE,
    default_columns=_default_columns,
)
