"""The list of completions: its columns on the page and in a file."""

from __future__ import annotations

from functools import partial

from audit.exports.columns import CODE, DATE, INSTANT, PERCENT, TEXT
from audit.exports.listing import Listed, Listing
from designation.lists.columns import Catalogue, ListColumn
from designation.lists.export import exported, labelled
from designation.lists.kinds import ListKind
from designation.models import User
from training.forms.completions import CompletionFilterForm
from training.models import Completion
from training.permissions import COMPLETION_LISTERS
from training.selectors import completions as selectors

WORKFLOW = "completion"  # which the ledger does not know: every role that has reports may have the file
CATALOGUE = Catalogue(
    (
        ListColumn("person", "Person"),
        ListColumn("badge", "Badge number or username"),
        ListColumn("office", "Office"),
        ListColumn("module", "Module"),
        ListColumn("version", "Version"),
        ListColumn("completed", "Date completed"),
        ListColumn("result", "Result"),
        ListColumn("counts", "Counts"),
        ListColumn("score", "Score", numeric=True),
        ListColumn("source", "Source"),
        ListColumn("file", "File"),
        ListColumn("evidence", "Evidence"),
        ListColumn("recorded", "Recorded", sort="recorded"),
        ListColumn("recorded_by", "Recorded by"),
    )
)
ORDERS = {"recorded": "subject.id", selectors.LATEST: "subject.id DESC"}


def listed(user: User, listing: Listing) -> Listed:
    """The completions that the user may see, as the list shows them."""
    found = selectors.find_completions(user, **listing.asked)
    return Listed(
        workflow=WORKFLOW,
        rows=selectors.with_completion_columns(found)
        .order_by()
        .values(
            "id",
            "completed_on",
            "passed",
            "withdrawn",
            "score",
            "source",
            "evidence",
            "recorded_at",
            "recorded_by_name",
            "person_name",
            "person_key",
            "office_code",
            "counts",
            "module__code",
            "module_version__number",
            "imported__file_name",
        ),
        seen=[Completion.objects.visible_to(user)],
        columns=[COLUMNS[name] for name in CATALOGUE.named(listing.columns).names],
        order=ORDERS.get(listing.sort, ORDERS[selectors.LATEST]),
    )


_column = partial(exported, CATALOGUE)
COLUMNS = {
    "person": _column("person", "Last name, first name, as they are now.", TEXT, "subject.person_name"),
    "badge": _column(
        "badge",
        "An agent’s badge number, with its leading zeros; another user’s username.",
        TEXT,
        "subject.person_key",
    ),
    "office": _column(
        "office",
        "Code of the person’s office now.",
        CODE,
        "nullif(subject.office_code, '')",
        can_be_empty="the person has none",
    ),
    "module": _column("module", "Code of the module.", CODE, "subject.module__code"),
    "version": _column(
        "version",
        "Number of the module’s version that was taken.",
        TEXT,
        "subject.module_version__number",
        can_be_empty="none was published on the day, or the source did not say",
    ),
    "completed": _column("completed", "The day of the attempt.", DATE, "subject.completed_on"),
    "result": _column(
        "result",
        "Passed or failed; withdrawn, where a correction says that there was no such attempt. One that was corrected "
        "since, or whose file was taken back, does not count any more.",
        CODE,
        "CASE WHEN subject.withdrawn THEN 'Withdrawn' ELSE "
        "CASE WHEN subject.passed THEN 'Passed' ELSE 'Failed' END || "
        "CASE WHEN subject.counts THEN '' ELSE ', does not count any more' END END",
    ),
    "counts": _column(
        "counts",
        "Whether it counts: not corrected since, not withdrawn, and not of a file that was taken back.",
        CODE,
        "CASE WHEN subject.counts THEN 'Yes' ELSE 'No' END",
    ),
    "score": _column("score", "Percent.", PERCENT, "trim_scale(subject.score)", can_be_empty="none was given"),
    "source": _column("source", "How it came here.", CODE, labelled("subject.source", Completion.Source.choices)),
    "file": _column(
        "file",
        "Name of the file that brought it.",
        TEXT,
        "subject.imported__file_name",
        can_be_empty="no file did",
    ),
    "evidence": _column(
        "evidence",
        "Where it can be looked up, as a certificate’s number.",
        TEXT,
        "nullif(subject.evidence, '')",
        can_be_empty="none was given",
    ),
    "recorded": _column("recorded", "When it was recorded.", INSTANT, "subject.recorded_at"),
    "recorded_by": _column("recorded_by", "Who recorded it, as on record.", TEXT, "subject.recorded_by_name"),
}


def _default_columns(_user: User) -> list[str]:
    return ["person", "badge", "module", "completed", "result", "score", "source", "recorded"]


COMPLETIONS = ListKind(
    name="completions",
    label="Completions",
    row="completion",
    url_name="training:completion_list",
    roles=COMPLETION_LISTERS,
    form=CompletionFilterForm,
    find=selectors.find_completions,
    catalogue=CATALOGUE,
    default_columns=_default_columns,
    default_sort=selectors.LATEST,
)
