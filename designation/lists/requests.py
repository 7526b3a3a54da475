"""The list of requests: its columns on the page and in a file."""

from __future__ import annotations

from functools import partial

from django.db.models import F, Value
from django.db.models.functions import Concat

from audit.clocks import Status
from audit.exports.columns import CODE, HOURS, INSTANT, TEXT, hours_sql
from audit.exports.listing import CLOCK_STATUS, ENDED_AT, FIRST_SUBMITTED_AT, IN_STAGE_SECONDS, Listed, Listing
from designation import selectors
from designation.forms import RequestFilterForm, sees_many_offices
from designation.lists.columns import Catalogue, ListColumn
from designation.lists.export import exported, labelled
from designation.lists.kinds import ListKind
from designation.models import Request, User
from designation.models.requests import State
from designation.permissions import READER_ROLES

CATALOGUE = Catalogue(
    (
        ListColumn("number", "Number", sort="number"),
        ListColumn("agent", "Agent"),
        ListColumn("badge", "Badge number"),
        ListColumn("office", "Office"),
        ListColumn("division", "DEA division"),
        ListColumn("kind", "Kind"),
        ListColumn("priority", "Priority"),
        ListColumn("state", "State"),
        ListColumn("turn", "Whose turn"),
        ListColumn("age", "Time in state", sort="age"),
        ListColumn("since", "In state since"),
        ListColumn("due", "Due", sort="due"),
        ListColumn("status", "Due status"),
        ListColumn("submitted", "First submitted"),
        ListColumn("ended", "Ended"),
        ListColumn("filed_by", "Filed by"),
    )
)

READ = {
    "agent_name": Concat(F("agent__last_name"), Value(", "), F("agent__first_name")),
    "badge_number": F("agent__badge_number"),
    "office_code": F("office__code"),
    "division_code": F("division__code"),
    "filer": Concat(F("filed_by__first_name"), Value(" "), F("filed_by__last_name")),
}
WITHOUT_DUE = "CASE WHEN visit.due_at IS NULL THEN {} END"
ENDED_LAST = "visit.subject IS NULL, subject.id DESC"
# The orders of `selectors.request_parts`, over the whole list.
ORDERS = {
    "number": "subject.id",
    "-number": "subject.id DESC",
    "age": f"visit.entered_at DESC NULLS LAST, visit.subject DESC NULLS LAST, {ENDED_LAST}",
    "-age": f"visit.entered_at, visit.subject, {ENDED_LAST}",
    "due": f"visit.due_at, {WITHOUT_DUE.format('visit.entered_at')}, visit.subject, {ENDED_LAST}",
    "-due": (
        f"visit.due_at DESC NULLS LAST, {WITHOUT_DUE.format('visit.entered_at')}, "
        f"{WITHOUT_DUE.format('visit.subject')}, visit.subject DESC NULLS LAST, {ENDED_LAST}"
    ),
}


def listed(user: User, listing: Listing) -> Listed:
    """The requests that the user may see, as the list shows them."""
    found = selectors.find_requests(user, **listing.asked)
    return Listed(
        workflow=Request.workflow,
        rows=found.order_by().values("id", "number", "kind", "priority", "state", **READ),
        seen=[Request.objects.visible_to(user)],
        columns=[COLUMNS[name] for name in CATALOGUE.named(listing.columns).names],
        order=ORDERS.get(listing.sort, ORDERS[selectors.DEFAULT_SORT]),
        in_stages=True,
    )


_column = partial(exported, CATALOGUE)
IN_NO_STAGE = "it has ended"
COLUMNS = {
    "number": _column("number", "The number of the request.", TEXT, "subject.number"),
    "agent": _column("agent", "Last name, first name of the agent, as on record now.", TEXT, "subject.agent_name"),
    "badge": _column("badge", "The agent’s badge number, with its leading zeros.", TEXT, "subject.badge_number"),
    "office": _column("office", "Code of the HSI office that files it.", CODE, "subject.office_code"),
    "division": _column("division", "Code of the DEA division that it is routed to.", CODE, "subject.division_code"),
    "kind": _column("kind", "What is asked for.", CODE, labelled("subject.kind", Request.Kind.choices)),
    "priority": _column(
        "priority", "Routine or expedited.", CODE, labelled("subject.priority", Request.Priority.choices)
    ),
    "state": _column("state", "Its state.", CODE, labelled("subject.state", State.choices)),
    "turn": _column("turn", "Whose clock runs.", CODE, "nullif(visit.party, '')", can_be_empty="no clock runs"),
    "age": _column(
        "age",
        "Business hours of the present stay in its state, up to the export.",
        HOURS,
        f"CASE WHEN visit.party <> '' THEN {hours_sql(IN_STAGE_SECONDS)} END",
        can_be_empty="no clock runs",
        label="Time in state, business hours",
    ),
    "since": _column(
        "since", "When its present stay in a state began.", INSTANT, "visit.entered_at", can_be_empty=IN_NO_STAGE
    ),
    "due": _column(
        "due", "When its present stay is due to end.", INSTANT, "visit.due_at", can_be_empty="no goal is set for it"
    ),
    "status": _column(
        "status",
        "How its present stay stands to the due time, at the export.",
        CODE,
        labelled(CLOCK_STATUS, Status.choices),
        can_be_empty="no goal is set for it",
    ),
    "submitted": _column(
        "submitted",
        "When a clock first ran for it. A resubmission never resets this.",
        INSTANT,
        FIRST_SUBMITTED_AT,
        can_be_empty="a draft that was never submitted",
    ),
    "ended": _column("ended", "When it ended.", INSTANT, ENDED_AT, can_be_empty="it is open"),
    "filed_by": _column("filed_by", "Who filed it, by his name now.", TEXT, "subject.filer"),
}


def _default_columns(user: User) -> list[str]:
    office = ["office"] if sees_many_offices(user) else []
    return ["number", "agent", *office, "kind", "priority", "state", "age", "due"]


REQUESTS = ListKind(
    name="requests",
    label="Requests",
    row="request",
    url_name="designation:request_list",
    roles=READER_ROLES,
    form=RequestFilterForm,
    find=selectors.find_requests,
    catalogue=CATALOGUE,
    default_columns=_default_columns,
    default_sort=selectors.DEFAULT_SORT,
)
