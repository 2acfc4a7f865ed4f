"""Pages: the tables that benchmarks write, and the live page, measured with a made-up picture."""

from page.tables import Table, least, most, put

__all__ = ["Table", "least", "most", "put"]
