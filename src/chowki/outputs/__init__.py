"""Everything that leaves: journal, alerts, formats, report."""
