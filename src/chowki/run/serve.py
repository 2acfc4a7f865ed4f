"""What is served: a simulation, recorded feeds or live feeds in a loop, or a finished recording."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from chowki.core.errors import ChowkiError, UsageError
from chowki.core.inbox import Inbox
from chowki.core.journal import JournalReader
from chowki.core.records import Tracks
from chowki.defence.rules import RulesParameters, no_fire_rows
from chowki.feeds.live import LiveFeeds, is_live
from chowki.outputs.recorder import CHAINED, JOURNAL
from chowki.outputs.recording import Recording
from chowki.outputs.web.chronicle import Chronicle
from chowki.outputs.web.reading import read_into
from chowki.run.assemble import Assembly, assemble, assemble_live
from chowki.run.loop import events_until, loop, recording
from chowki.run.pace import Pace, paced
from chowki.run.sessions import PageSession, Show

Document = dict[str, Any]
# What a scenario is told when a person is in its loop.
OPERATOR = ("defence.posture.operator=true",)


@dataclass(frozen=True)
class Staging:
    """How something is served.

    Attributes
    ----------
    folder : Path
        Where it is recorded.
    speed : float
        Scenario seconds per second of the wall; infinity for as fast as it goes.
    operator : bool
        Whether a person at the page releases and refuses.
    layers : tuple of Path
        The user's own maps.
    attended : bool
        Whether alarms go on record; without, the record is that of a run nobody looks at.
    """

    folder: Path
    speed: float = 1.0
    operator: bool = False
    layers: tuple[Path, ...] = ()
    attended: bool = True


class Engine(threading.Thread):
    """The loop in a thread of its own, with a session that shows it.

    Parameters
    ----------
    assembly : Assembly
        What runs.
    mode : str
        ``simulation``, ``recorded`` or ``live``.
    staging : Staging
        How it is served.
    inbox : Inbox, optional
        Where acts go, when the feed takes them itself.
    listening : LiveFeeds, optional
        The feed, when it is live.
    """

    def __init__(
        self,
        assembly: Assembly,
        mode: str,
        staging: Staging,
        inbox: Inbox | None = None,
        listening: LiveFeeds | None = None,
    ) -> None:
        super().__init__(name="engine", daemon=True)
        theatre = assembly.built.theatre
        noted = {name: assembly.manifest.get(name) for name in CHAINED}
        self.fault: BaseException | None = None
        self.ended = threading.Event()
        self._assembly, self._folder, self._mode = assembly, staging.folder, mode
        self._inbox = Inbox() if inbox is None else inbox
        self._pace = Pace(assembly.start_s, staging.speed)
        self._asked = threading.Event()
        self._listening = listening
        self.session = PageSession(
            Show(
                mode,
                theatre,
                noted,
                pace=self._pace,
                inbox=self._inbox,
                operator=staging.operator,
                layers=staging.layers,
                sources=_sources(listening),
                volumes=_volumes(noted),
            ),
            Chronicle(theatre, noted, self._inbox.put if staging.attended else None),
        )

    def run(self) -> None:
        """Go through the events until they end, or until somebody asks to stop."""
        try:
            self._play()
        except KeyboardInterrupt:
            pass  # asked to stop: the recording is whole up to there
        except BaseException as error:
            self.fault = error
        finally:
            self.session.end()
            self.ended.set()

    def stop(self) -> None:
        """Ask the loop to stop between two events, and wait until the recording is closed.

        Raises
        ------
        ChowkiError
            What ended the loop before, if anything did.
        """
        self._asked.set()
        if self._listening is not None:
            self._listening.stop()
        self.join()
        if self.fault is not None:
            raise self.fault

    @property
    def simulated(self) -> bool:
        """Return whether a world was simulated."""
        return self._assembly.built.world is not None

    def _play(self) -> None:
        assembly, chronicle = self._assembly, self.session.chronicle
        with recording(self._folder, assembly, chronicle.add) as recorder:
            events = events_until(self._asked, assembly)
            if self._mode != "live":
                events = paced(events, self._pace, self._inbox, self._asked)
            loop(assembly, events, recorder, self.session.see)
            if self._asked.is_set():
                raise KeyboardInterrupt


@dataclass
class Replay:
    """A finished recording, read in the background while it is shown already.

    Attributes
    ----------
    folder : Path
        Of the run.
    layers : tuple of Path
        The user's own maps.
    """

    folder: Path
    layers: tuple[Path, ...] = ()
    fault: ChowkiError | None = None
    session: PageSession = field(init=False)

    def __post_init__(self) -> None:
        """Read the opening of the journal.

        Raises
        ------
        JournalError
            If there is no journal, or it is damaged at the start.
        """
        found = Recording(self.folder)
        theatre, noted = found.theatre, found.noted
        show = Show("replay", theatre, noted, layers=self.layers, volumes=_volumes(noted))
        self.session = PageSession(show, Chronicle(theatre, noted))
        self._thread = threading.Thread(target=self._read, name="reader", daemon=True)

    def start(self) -> None:
        """Begin to read the rest."""
        self._thread.start()

    def join(self) -> None:
        """Wait until everything was read."""
        self._thread.join()

    def _read(self) -> None:
        try:
            read_into(self.session.chronicle, JournalReader(self.folder / JOURNAL))
        except ChowkiError as error:
            self.fault = error
        self.session.end()


def stage_simulation(
    source: str,
    seed: int | None,
    until_s: float | None,
    overrides: Sequence[str],
    staging: Staging,
) -> Engine:
    """Return a simulation ready to be started.

    Parameters
    ----------
    source, seed, until_s, overrides
        As in ``run.run``.
    staging : Staging
        How it is served.

    Raises
    ------
    ScenarioError, UsageError
        If an input is at fault.
    """
    own = [*OPERATOR, *overrides] if staging.operator else list(overrides)
    return Engine(assemble(source, seed, (), until_s, own), "simulation", staging)


def stage_feeds(
    source: str | None,
    feeds: Sequence[str],
    until_s: float | None,
    overrides: Sequence[str],
    staging: Staging,
) -> Engine:
    """Return feeds, live or recorded, ready to be started: neither world nor release is built.

    Raises
    ------
    FeedError, ScenarioError, UsageError
        If an input is at fault, or live feeds are mixed with recordings.
    """
    live = [is_live(feed) for feed in feeds]
    if all(live):
        inbox = Inbox()
        assembly, listening = assemble_live(source, feeds, until_s, overrides, inbox)
        return Engine(assembly, "live", staging, inbox, listening)
    if any(live):
        raise UsageError("live feeds and recordings together: their clocks differ; serve one kind")
    return Engine(assemble(source, None, feeds, until_s, overrides), "recorded", staging)


def _sources(listening: LiveFeeds | None) -> Callable[[], list[Document]]:
    """Return a function that tells the health of live sources; of none when nothing listens."""
    if listening is None:
        return list
    return lambda: [asdict(health) for health in listening.sources()]


def _volumes(noted: Document) -> Callable[[Tracks], list[tuple[int, float, float]]]:
    """Return a function from a picture to row, radius and half height (m) of its no-fire volumes.

    They are drawn as the rules of the scenario have them; on a feed they say who is spared.
    """
    told: Any = noted.get("scenario") or {}
    rules: Any = (told.get("defence") or {}).get("rules") or {}
    figures = RulesParameters.model_validate(rules)

    def volumes(tracks: Tracks) -> list[tuple[int, float, float]]:
        rows, margin_m = no_fire_rows(tracks, figures)
        return [
            (int(row), float(wide), float(high))
            for row, (wide, high) in zip(rows, margin_m, strict=True)
        ]

    return volumes
