"""The list of designations: its columns on the page and in a file."""

from __future__ import annotations

from functools import partial

from django.db.models import F, Value
from django.db.models.functions import Concat
from django.utils import timezone

from audit.exports.columns import CODE, COUNT, DATE, TEXT
from audit.exports.listing import Listed, Listing
from designation import agent_selectors
from designation.forms import DesignationFilterForm, sees_many_offices
from designation.lists.columns import Catalogue, ListColumn
from designation.lists.export import OPEN_REQUEST, exported, labelled
from designation.lists.kinds import ListKind
from designation.models import Designation, Request, User
from designation.models.designations import LIVE, Status
from designation.permissions import READER_ROLES

CATALOGUE = Catalogue(
    (
        ListColumn("number", "Number"),
        ListColumn("agent", "Agent"),
        ListColumn("badge", "Badge number"),
        ListColumn("office", "Office"),
        ListColumn("agreement", "Agreement"),
        ListColumn("state", "State"),
        ListColumn("from", "Valid from", sort="from"),
        ListColumn("until", "Valid until", sort="until"),
        ListColumn("left", "Days left"),
        ListColumn("request", "Granted on request"),
        ListColumn("open", "Open request"),
    )
)
READ = {
    "agent_name": Concat(F("agent__last_name"), Value(", "), F("agent__first_name")),
    "badge_number": F("agent__badge_number"),
    "office_code": F("office__code"),
    "agreement_code": F("agreement__code"),
}
ORDERS = {
    "from": "subject.valid_from, subject.id",
    "-from": "subject.valid_from DESC, subject.id DESC",
    "until": "subject.valid_until, subject.id",
    "-until": "subject.valid_until DESC, subject.id DESC",
}
IS_LIVE = f"subject.stands IN {LIVE}"


def listed(user: User, listing: Listing) -> Listed:
    """The designations that the user may see, as the list shows them."""
    found = agent_selectors.find_designations(user, **listing.asked)
    rows = agent_selectors.with_designation_columns(found, user).annotate(today=Value(timezone.localdate()), **READ)
    return Listed(
        workflow=Designation.workflow,
        rows=rows.order_by().values(
            "id",
            "number",
            "valid_from",
            "valid_until",
            "stands",
            "request_number",
            "has_open_request",
            "open_request",
            "today",
            *READ,
        ),
        seen=[Designation.objects.visible_to(user), Request.objects.visible_to(user)],
        columns=[COLUMNS[name] for name in CATALOGUE.named(listing.columns).names],
        order=ORDERS.get(listing.sort, ORDERS[agent_selectors.NEWEST]),
    )


_column = partial(exported, CATALOGUE)
COLUMNS = {
    "number": _column("number", "The number of the designation.", TEXT, "subject.number"),
    "agent": _column("agent", "Last name, first name of the agent, as on record now.", TEXT, "subject.agent_name"),
    "badge": _column("badge", "The agent’s badge number, with its leading zeros.", TEXT, "subject.badge_number"),
    "office": _column("office", "Code of the HSI office for which it was granted.", CODE, "subject.office_code"),
    "agreement": _column(
        "agreement", "Code of the agreement under which it was granted.", CODE, "subject.agreement_code"
    ),
    "state": _column(
        "state",
        "How it stands on the day of the export. One whose last day is over has expired.",
        CODE,
        labelled("subject.stands", Status.choices),
    ),
    "from": _column("from", "The first day of the term.", DATE, "subject.valid_from"),
    "until": _column("until", "The last day of the term.", DATE, "subject.valid_until"),
    "left": _column(
        "left",
        "Days from the day of the export to the last day; 0 on the last day.",
        COUNT,
        f"CASE WHEN {IS_LIVE} THEN subject.valid_until - subject.today END",
        can_be_empty="it is neither active nor suspended",
    ),
    "request": _column("request", "The number of the request on which it was granted.", TEXT, "subject.request_number"),
    "open": _column("open", *OPEN_REQUEST, can_be_empty="the agent has none"),
}


def _default_columns(user: User) -> list[str]:
    office = ["office"] if sees_many_offices(user) else []
    return ["number", "agent", *office, "state", "from", "until", "left", "open"]


DESIGNATIONS = ListKind(
    name="designations",
    label="Designations",
    row="designation",
    url_name="designation:designation_list",
    roles=READER_ROLES,
    form=DesignationFilterForm,
    find=agent_selectors.find_designations,
    catalogue=CATALOGUE,
    default_columns=_default_columns,
    default_sort=agent_selectors.NEWEST,
)
