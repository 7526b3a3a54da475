from audit import exports
from audit.management.exporting import ExportCommand


class Command(ExportCommand):
    help = (
        "Writes one row for each request, or for each subject of another workflow, with its processing times; as an "
        "event log (xes, ocel), their steps. docs/reference/data-dictionary.md says what the columns hold. "
        "A file gets its manifest beside it, for verify_export."
    )
    formats = list(exports.FORMATS)

    def question(self, format: str, workflow: str, filters: exports.Filters) -> exports.Export:
        return exports.QUESTIONS[exports.FORMATS[format].of[0]](workflow, filters=filters)
