from audit import exports
from audit.management.exporting import DEFAULT_WORKFLOW, ExportCommand


class Command(ExportCommand):
    help = (
        "Writes every step of the requests, or of the subjects of another workflow, for process mining. "
        "A file gets its manifest beside it, for verify_export."
    )
    formats = ["xes", "ocel", "csv", "xlsx", "parquet"]

    def question(self, format: str, workflow: str | None, filters: exports.Filters) -> exports.Export:
        return exports.event_log(workflow or DEFAULT_WORKFLOW, filters=filters)
