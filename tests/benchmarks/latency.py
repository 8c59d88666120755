"""From a webhook to a score that counts it, through all real processes, at a calm rate."""

from benchmarks.options import Options
from benchmarks.report import Report


def run(report: Report, options: Options) -> None:
    """Later."""
