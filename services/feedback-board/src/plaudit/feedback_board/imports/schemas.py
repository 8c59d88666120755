"""What the API answers about imports."""

from pydantic import BaseModel, Field

from plaudit.feedback_board.imports.domain.rows import Verdict
from plaudit.feedback_board.imports.running import Report


class RefusedRowOut(BaseModel):
    """A row that was not taken."""

    line: int = Field(description="Where it begins in the file; of JSON, its place in the array, from 1.", examples=[7])
    field: str = Field(description="Its column; empty where it is the row as a whole.", examples=["votes"])
    sentence: str = Field(description="What is wrong with it.", examples=["votes must be a whole number"])


class ImportReportOut(BaseModel):
    """What became of the rows of a file."""

    dry_run: bool = Field(description="Nothing was written: the numbers say what an import would do.", examples=[True])
    created: int = Field(description="Requests made.", examples=[120])
    changed: int = Field(description="Requests changed, where a row says something else than before.", examples=[3])
    unchanged: int = Field(description="Rows that say nothing new.", examples=[40])
    refused: int = Field(description="Rows not taken.", examples=[1])
    refusals: list[RefusedRowOut] = Field(description="Refused rows, the first 1,000 of them.")


def report_out(report: Report) -> ImportReportOut:
    """Return a report as the API shows it."""
    counts = report.counts
    return ImportReportOut(
        dry_run=report.dry_run,
        created=counts[Verdict.CREATED],
        changed=counts[Verdict.CHANGED],
        unchanged=counts[Verdict.UNCHANGED],
        refused=counts[Verdict.REFUSED],
        refusals=[RefusedRowOut(line=each.line, field=each.field, sentence=each.sentence) for each in report.refusals],
    )
