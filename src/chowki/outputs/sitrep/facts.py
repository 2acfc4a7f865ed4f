"""The facts of a situation report: what was seen, done, warned and spent."""

from __future__ import annotations

from dataclasses import dataclass

from chowki.core.places import Place
from chowki.core.records import EffectorKind, Refusal
from chowki.outputs.postures import ActFact, CeaseFire


@dataclass(frozen=True, slots=True)
class SightingRule:
    """When a track counts as a drone, and when a drone counts as seen at a place.

    Attributes
    ----------
    radius_m : float
        How near, horizontally, a confirmed drone track must come to a place to be seen there.
    drone_probability : float
        A track held neither suspect nor hostile counts when its drone classes together reach
        this probability and it is pending or unknown ("drone-like").
    pictures : int
        In how many recorded pictures a track must have counted, so that half a minute of doubt
        about a bird is no drone.
    armed_probability : float
        From where on a drone track is suspected to be armed.
    threat_probability : float
        From where on a pair of track and place counts as a threat to the place.
    """

    radius_m: float = 15_000.0
    drone_probability: float = 0.9
    pictures: int = 6
    armed_probability: float = 0.5
    threat_probability: float = 0.5


@dataclass(frozen=True, slots=True)
class WarningFact:
    """One warning to a place and what came of it.

    Attributes
    ----------
    number, place : int
        Number of the warning; index of the place.
    issued_s, ended_s : float
        UTC seconds; ``ended_s`` is the last moment recorded when it had not ended.
    take_cover : bool
        True when it reached the level "take cover".
    approach_s : float
        UTC seconds of the first drone track inside the place's radius while it stood (or before
        it, since the warning before), else of the closest approach inside the sighting radius;
        NaN when no drone track was observed near.
    arrived : bool
        True when a drone track was observed inside the place's own radius.
    """

    number: int
    place: int
    issued_s: float
    ended_s: float
    take_cover: bool
    approach_s: float
    arrived: bool

    @property
    def lead_s(self) -> float:
        """Return seconds from issue to approach; negative when it came too late, NaN if none."""
        return self.approach_s - self.issued_s


@dataclass(frozen=True, slots=True)
class PlaceFact:
    """What was observed and done at one defended place.

    Attributes
    ----------
    place : Place
        The place.
    drones, armed : int
        Drone tracks within the sighting radius; those suspected to be armed.
    first_s, last_s : float
        UTC seconds of the first and last of these observations, NaN when there was none.
    nearest_m : float
        Closest observed approach inside the sighting radius, horizontal, NaN when there was none.
    arrivals : int
        Drone tracks observed inside the place's own radius.
    threatened : bool
        True when a drone track threatened it or a warning was issued.
    engagements, intercepted : int
        Engagements in its defence; those reported as intercepts.
    leakers : int
        Drones that reached it by simulated truth; -1 when there is no simulated truth.
    """

    place: Place
    drones: int
    armed: int
    first_s: float
    last_s: float
    nearest_m: float
    arrivals: int
    threatened: bool
    engagements: int
    intercepted: int
    leakers: int

    @property
    def observed(self) -> bool:
        """Return whether a drone track was observed within the sighting radius."""
        return self.drones > 0


@dataclass(frozen=True, slots=True)
class EngagementFact:
    """How the engagements ended, and what the rules refused.

    Attributes
    ----------
    engagements, tracks : int
        Engagements ordered, and distinct tracks among them.
    intercepted, missed, aborted, open : int
        As the station held from the picture; ``open`` had not ended with the recording.
    withdrawn : int
        Proposals withdrawn before an order; they count as no engagement.
    rounds : dict
        Rounds spent by kind of effector.
    refused : dict
        Distinct tracks refused by reason.
    on_aircraft : int
        Engagements of tracks that had transmitted an aircraft's address.
    """

    engagements: int
    tracks: int
    intercepted: int
    missed: int
    aborted: int
    open: int
    withdrawn: int
    rounds: dict[EffectorKind, int]
    refused: dict[Refusal, int]
    on_aircraft: int


@dataclass(frozen=True, slots=True)
class AirTrafficFact:
    """Aircraft with a transponder in the picture, and helicopters.

    Attributes
    ----------
    cooperative : int
        Distinct aircraft addresses on confirmed tracks.
    aeroplanes, helicopters : int
        Confirmed tracks of that class.
    authorised_drones : int
        Confirmed tracks identified as authorised drones.
    """

    cooperative: int
    aeroplanes: int
    helicopters: int
    authorised_drones: int


@dataclass(frozen=True, slots=True)
class TruthFact:
    """How it ended in the simulated world: a model's outcome, not an audited one.

    Attributes
    ----------
    raid, armed : int
        Drones of the raid that flew, and the armed ones among them.
    intercepted, reached, ended, flying : int
        Their fates.
    places_reached : int
        Places that at least one of them reached.
    airliners, airliners_hit : int
        Aeroplanes that flew, and those hit by a round.
    others, others_hit : int
        Helicopters and authorised drones that flew, and those hit.
    birds_hit : int
        Birds hit.
    """

    raid: int
    armed: int
    intercepted: int
    reached: int
    ended: int
    flying: int
    places_reached: int
    airliners: int
    airliners_hit: int
    others: int
    others_hit: int
    birds_hit: int


@dataclass(frozen=True, slots=True)
class OutageFact:
    """One span in which a sensor, link, site or feed was silent or degraded.

    Attributes
    ----------
    source, kind, state, note : str
        Which, of what kind, in which state, in words.
    from_s, to_s : float
        UTC seconds; ``to_s`` is the end of the recording when it had not recovered.
    recovered : bool
        True when it worked again.
    """

    source: str
    kind: str
    state: str
    note: str
    from_s: float
    to_s: float
    recovered: bool


@dataclass(frozen=True, slots=True)
class SensorFact:
    """What the sensors gave.

    Attributes
    ----------
    stated, heard : int
        Sensors stated, and those from which at least one scan came.
    never_heard : tuple of str
        Names of the others, cued sensors (that wait for a task) left out.
    never_tasked : tuple of str
        Names of cued sensors from which no scan came.
    scans, detections : int
        Scans and detections received.
    outages, flagged : tuple of OutageFact
        In order of time: as sensors and links reported, and as the station itself found.
    notes : tuple of str
        What feeds and links reported of skipped records.
    ground : str
        ``constant`` or ``grid``.
    masks : int
        Sensors with a horizon mask.
    """

    stated: int
    heard: int
    never_heard: tuple[str, ...]
    never_tasked: tuple[str, ...]
    scans: int
    detections: int
    outages: tuple[OutageFact, ...]
    flagged: tuple[OutageFact, ...]
    notes: tuple[str, ...]
    ground: str
    masks: int


@dataclass(frozen=True, slots=True)
class NearBorderFact:
    """One engagement that was to meet its track near the border.

    Attributes
    ----------
    engagement, track, place : int
        Its number, its track, and the index of the place it defended, -1 for none.
    state : int
        ``EngagementState`` in which it ended.
    distance_m : float
        Metres from the border to the point of intercept, negative beyond it.
    """

    engagement: int
    track: int
    place: int
    state: int
    distance_m: float


@dataclass(frozen=True, slots=True)
class BorderFact:
    """How near the border the engagements were to meet.

    Attributes
    ----------
    within_m : float
        What counts as near, metres.
    engagements : int
        Engagements with a known point of intercept.
    least_m : float
        The least distance from the border, negative beyond it; NaN when nothing was engaged.
    beyond : int
        Engagements that were to meet beyond the border.
    near : tuple of NearBorderFact
        Those near the border, nearest first.
    """

    within_m: float
    engagements: int
    least_m: float
    beyond: int
    near: tuple[NearBorderFact, ...]


@dataclass(frozen=True, slots=True)
class ViolationFact:
    """One incursion while a cease-fire stood.

    Attributes
    ----------
    track : int
        Track number.
    crossed_s : float
        UTC seconds of crossing.
    sector : str
        Sector of the nearest place.
    place : int
        Index of that place, -1 for none.
    since_s : float
        UTC seconds since which the cease-fire stood.
    engaged : int
        Engagements of the track that were ordered while it stood.
    """

    track: int
    crossed_s: float
    sector: str
    place: int
    since_s: float
    engaged: int


@dataclass(frozen=True, slots=True)
class RestraintFact:
    """How restraint was kept.

    Attributes
    ----------
    border : BorderFact or None
        Engagements near the border; None when none is known.
    starting : dict of str to str
        Level of the posture table at which each sector started, empty when not told.
    acts : tuple of ActFact
        Changes of posture by people, in order of time.
    released, refused : int
        Releases and refusals of tracks by people.
    cease_fires : tuple of CeaseFire
        Cease-fires, sector by sector.
    incursions : int
        Tracks that entered the defended side.
    violations : tuple of ViolationFact
        Those among them while a cease-fire stood.
    noted : int
        Violations that the station recorded as they happened.
    """

    border: BorderFact | None
    starting: dict[str, str]
    acts: tuple[ActFact, ...]
    released: int
    refused: int
    cease_fires: tuple[CeaseFire, ...]
    incursions: int
    violations: tuple[ViolationFact, ...]
    noted: int
