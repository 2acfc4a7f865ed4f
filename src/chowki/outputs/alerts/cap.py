"""Messages as XML of the Common Alerting Protocol, OASIS CAP 1.2 (2010)."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from xml.etree import ElementTree as Tree

from chowki.core.places import Place
from chowki.outputs.alerts import area
from chowki.outputs.alerts.catalogue import Catalogue
from chowki.outputs.alerts.chain import SENDER, Message, cap_time
from chowki.outputs.alerts.status import AlertStatus

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_RESPONSES = {
    "advisory": ("Prepare", "Monitor"),
    "take_cover": ("Shelter",),
    "all_clear": ("AllClear",),
    "ended": ("None",),
}
_SEVERITY = {
    "advisory": "Moderate",
    "take_cover": "Severe",
    "all_clear": "Minor",
    "ended": "Minor",
}
SURE, LIKELY = 0.9, 0.5


def document(
    message: Message,
    status: AlertStatus,
    exercise: str,
    places: Sequence[Place],
    languages: Sequence[Catalogue],
) -> bytes:
    """Return a message as an XML document, one ``info`` for each language.

    Parameters
    ----------
    message : Message
        What is said.
    status : AlertStatus
        Exercise or test.
    exercise : str
        Name of the scenario or feed.
    places : sequence of Place
        By index.
    languages : sequence of Catalogue
        What is said in which words.

    Raises
    ------
    TypeError
        If the status is not an ``AlertStatus``: there is no other status here.
    """
    if not isinstance(status, AlertStatus):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"status {status!r}: an alert is an exercise or a test")
    alert = Tree.Element("alert", {"xmlns": NAMESPACE})
    _add(alert, "identifier", message.identifier)
    _add(alert, "sender", SENDER)
    _add(alert, "sent", cap_time(message.sent_s))
    _add(alert, "status", status.value)
    _add(alert, "msgType", message.kind.value)
    _add(alert, "scope", "Restricted")
    _add(alert, "restriction", "participants of the exercise or test only")
    _add(alert, "note", _note(status, exercise, message))
    if message.references:
        _add(alert, "references", message.references)
    for words in languages:
        _info(alert, message, status, places, words)
    Tree.indent(alert)
    return Tree.tostring(alert, encoding="utf-8", xml_declaration=True) + b"\n"


def severity(message: Message) -> str:
    """Return how bad it is by what is said; a sure "take cover" is the worst."""
    sure = message.said == "take_cover" and message.probability >= SURE
    return "Extreme" if sure else _SEVERITY[message.said]


def certainty(message: Message) -> str:
    """Return how sure it is: by the probability, and observed once a drone is there."""
    if message.said == "all_clear":
        return "Unlikely"
    if message.said == "ended" or math.isnan(message.probability):
        return "Unknown"
    if message.said == "take_cover" and message.track >= 0 and message.onset_s <= message.sent_s:
        return "Observed"
    return "Likely" if message.probability >= LIKELY else "Possible"


def urgency(message: Message) -> str:
    """Return how soon one must act: at once, within the hour, later, or not any more."""
    if message.said in ("all_clear", "ended"):
        return "Past"
    if message.said == "take_cover":
        return "Immediate"
    return "Expected" if message.onset_s - message.sent_s <= 3_600.0 else "Future"


def _note(status: AlertStatus, exercise: str, message: Message) -> str:
    """Return what stands before everything else: that nothing here is real."""
    ended = " The run ended while this warning stood." if message.said == "ended" else ""
    return (
        f"{status.value.upper()} ({exercise}). Made by a simulator or from a recording; there is "
        "no danger, and nobody need act outside the exercise or test. Texts in other languages "
        f"than English are machine-drafted and unreviewed.{ended}"
    )


def _info(
    alert: Tree.Element,
    message: Message,
    status: AlertStatus,
    places: Sequence[Place],
    words: Catalogue,
) -> None:
    info = Tree.SubElement(alert, "info")
    name = places[message.place].name if message.place >= 0 else words.say("area")
    _add(info, "language", words.language)
    _add(info, "category", "Security")
    _add(info, "event", words.say("event"))
    for response in _RESPONSES[message.said]:
        _add(info, "responseType", response)
    _add(info, "urgency", urgency(message))
    _add(info, "severity", severity(message))
    _add(info, "certainty", certainty(message))
    _add(info, "effective", cap_time(message.sent_s))
    _add(info, "onset", cap_time(message.onset_s))
    _add(info, "expires", cap_time(message.expires_s))
    _add(info, "senderName", "chowki, a simulator")
    header = status.value.upper()  # the word of the status itself, whatever a catalogue says
    if words.say(status.value.lower()) != header:
        header += f" / {words.say(status.value.lower())}"
    _add(info, "headline", f"{header}: {words.say(f'{message.said}.headline', name)}")
    _add(info, "description", words.say(f"{message.said}.description", name))
    _add(info, "instruction", words.say(f"{message.said}.instruction", name))
    for label, value in _parameters(message, words):
        pair = Tree.SubElement(info, "parameter")
        _add(pair, "valueName", f"chowki:{label}")
        _add(pair, "value", value)
    _area(info, message, places, name)


def _parameters(message: Message, words: Catalogue) -> list[tuple[str, str]]:
    told = [("translation", words.origin), ("warning", str(message.warning))]
    if words.fallen_back:
        told.append(("in-english", ", ".join(words.fallen_back)))
    if message.said in ("advisory", "take_cover"):
        told.append(("inbound", str(message.inbound)))
        if not math.isnan(message.probability):
            told.append(("probability", f"{message.probability:.2f}"))
    return told


def _area(info: Tree.Element, message: Message, places: Sequence[Place], name: str) -> None:
    element = Tree.SubElement(info, "area")
    if message.place >= 0:
        place = places[message.place]
        _add(element, "areaDesc", place.name)
        _add(element, "polygon", area.polygon_of_place(place))
        _add(element, "circle", area.circle(place))
        return
    _add(element, "areaDesc", f"{name}: {area.bounds(message.cell)}")
    _add(element, "polygon", area.polygon_of_cell(message.cell))


def _add(parent: Tree.Element, tag: str, text: str) -> None:
    """Add an element; its text is escaped, and what no XML can hold is replaced."""
    Tree.SubElement(parent, tag).text = _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
