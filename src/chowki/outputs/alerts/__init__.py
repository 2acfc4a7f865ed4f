"""Alerts: warnings as CAP 1.2 messages, for an exercise or a test and nothing else."""

from chowki.outputs.alerts.chain import Message, MessageType
from chowki.outputs.alerts.status import AlertStatus
from chowki.outputs.alerts.write import ALERTS, AlertWriter, write_alerts

__all__ = ["ALERTS", "AlertStatus", "AlertWriter", "Message", "MessageType", "write_alerts"]
