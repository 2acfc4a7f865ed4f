"""What a page may send: each form of message, held to its types, and nothing beside them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

LARGEST_BODY = 16 * 1024
LARGEST_MESSAGE = 4 * 1024
FASTEST = 60.0
# Instants from 1970 to 2200: no arithmetic on them can overflow.
Instant = Annotated[float, Field(ge=0.0, le=7.3e9, allow_inf_nan=False)]
Speed = Annotated[float, Field(gt=0.0, le=FASTEST, allow_inf_nan=False)]
TrackNumber = Annotated[int, Field(ge=0, lt=2**32)]


class Unreadable(ValueError):
    """A message that is none of those a page may send."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class View(_Message):
    """Look at a time, or at the edge."""

    type: Literal["view"]
    time_s: Instant | None


class Play(_Message):
    """Set the clock by which one looks back."""

    type: Literal["play"]
    speed: Speed
    paused: bool
    loop: bool | None = None


class Select(_Message):
    """Ask for the details of a track, or of none."""

    type: Literal["select"]
    track: TrackNumber | None


class Ping(_Message):
    """Ask for an answer, to measure the lag."""

    type: Literal["ping"]
    sent: Annotated[float, Field(allow_inf_nan=False)]


class Visible(_Message):
    """Say whether anybody can see the page."""

    type: Literal["visible"]
    value: bool


class ActMessage(_Message):
    """What somebody wants done."""

    verb: Annotated[str, Field(min_length=1, max_length=64)]
    subject: Annotated[str, Field(max_length=200)] = ""
    value: Annotated[str, Field(max_length=4000)] = ""
    revision: Annotated[int, Field(ge=0, lt=2**53)] | None = None


class ClockMessage(_Message):
    """What the engine's clock shall be."""

    speed: Speed | None = None
    paused: bool | None = None


Message = View | Play | Select | Ping | Visible
_MESSAGES: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])
_ACT, _CLOCK = TypeAdapter(ActMessage), TypeAdapter(ClockMessage)
_INSTANT, _TRACK = TypeAdapter(Instant), TypeAdapter(TrackNumber)


def read_message(words: str | bytes) -> Message:
    """Return a message from the socket.

    Raises
    ------
    Unreadable
        If it is none.
    """
    return _read(_MESSAGES, words)


def read_act(words: bytes) -> ActMessage:
    """Return the body of an act.

    Raises
    ------
    Unreadable
        If it is none.
    """
    return _read(_ACT, words)


def read_clock(words: bytes) -> ClockMessage:
    """Return the body that sets the engine's clock.

    Raises
    ------
    Unreadable
        If it is none.
    """
    return _read(_CLOCK, words)


def read_instant(words: str) -> float:
    """Return UTC seconds as they stand in an address.

    Raises
    ------
    Unreadable
        If they are none.
    """
    return _read(_INSTANT, words)


def read_track(words: str) -> int:
    """Return the track number that stands in an address.

    Raises
    ------
    Unreadable
        If it is none.
    """
    return _read(_TRACK, words)


def _read(form: TypeAdapter[Any], words: str | bytes) -> Any:
    try:
        return form.validate_json(words)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Unreadable(f"{where}: {first['msg']}" if where else str(first["msg"])) from None
