"""The de-escalation notice: a short statement of facts for a hot line between two sides."""

from chowki.outputs.notice.compose import FORMAT, notice
from chowki.outputs.notice.statement import statement

__all__ = ["FORMAT", "notice", "statement"]
