from audit import exports
from audit.management.exporting import DEFAULT_WORKFLOW, ExportCommand


class Command(ExportCommand):
    help = (
        "Writes one row for each request with its processing times, or for each subject of the named workflow; as an "
        "event log (xes, ocel), their steps. docs/reference/data-dictionary.md says what the columns hold. "
        "A file gets its manifest beside it, for verify_export."
    )
    formats = list(exports.FORMATS)

    def question(self, format: str, workflow: str | None, filters: exports.Filters) -> exports.Export:
        what = exports.FORMATS[format].of[0]
        if workflow and exports.exported_model(workflow) and what == exports.PROCESSING_TIMES:
            what = exports.CASE_TIMES
        return exports.QUESTIONS[what](workflow or DEFAULT_WORKFLOW, filters=filters)
