"""The report: one offline HTML file with a map that plays, time lines and tables."""

from chowki.outputs.report.write import page, write_report

__all__ = ["page", "write_report"]
