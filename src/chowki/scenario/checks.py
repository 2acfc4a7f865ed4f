"""What must be right between the parts of a scenario, each check by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from chowki.core.clock import parse_utc
from chowki.core.errors import Problem
from chowki.core.problems import Loc, path_text, problems_of, unknown_name
from chowki.kernels.geodesy import geodetic_to_ecef, inside_polygon
from chowki.scenario import parts
from chowki.scenario.model import EffectorGroup, SensorGroup

Point = Sequence[float]


@dataclass
class Draft:
    """A scenario while it is checked: the sections that are right so far.

    Attributes
    ----------
    file : str
        Name of the file.
    sections : dict
        Validated sections by key; of a list, the items that are right.
    rows : dict
        Of each list, the row that each right item had in the file.
    broken : set of str
        Keys of the sections that can't be relied upon.
    problems : list of Problem
        What was found so far.
    """

    file: str
    sections: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[int]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, key: str, found: str, allowed: str, hint: str = "") -> None:
        """Note a problem of this file."""
        self.problems.append(Problem(self.file, key, found, allowed, hint))

    def items(self, key: str) -> Iterator[tuple[int, Any]]:
        """Yield the right items of a list with their rows in the file."""
        section: Sequence[Any] = self.sections.get(key, ())
        return zip(self.rows.get(key, range(len(section))), section, strict=True)


def check(draft: Draft) -> list[Problem]:
    """Return every problem between the sections; a check whose input is broken is left out."""
    before, draft.problems = draft.problems, []
    for needs, look in _CHECKS:
        if not needs & draft.broken:
            look(draft)
    found, draft.problems = draft.problems, before
    return found


def _sensors(draft: Draft) -> None:
    members = sum(group.members for _, group in draft.items("sensors"))
    if members == 0 and "sensors" not in draft.broken:
        draft.wrong(
            "sensors", "no sensor", "at least one [[sensors]] group with a member",
            "without a sensor nothing can be seen; chowki new writes an example",
        )  # fmt: skip
    models = parts.named(parts.SENSOR_MODEL)
    for row, group in draft.items("sensors"):
        if group.model not in models:
            key = f"sensors[{row}].model"
            draft.problems.append(unknown_name(draft.file, key, group.model, models))
            continue
        model = parts.part(parts.SENSOR_MODEL, group.model).Parameters
        _parameters(draft, model, group, ("sensors", row, "parameters"))


def _effectors(draft: Draft) -> None:
    from chowki.world.effectors import EffectorParameters

    for row, group in draft.items("effectors"):
        _parameters(draft, EffectorParameters, group, ("effectors", row, "parameters"))
        if group.parameters.get("magazine") == 0:
            draft.wrong(
                f"effectors[{row}].parameters.magazine",
                f"0: {group.name} has no magazine, so it could never fire",
                "at least 1 round",
                "without the key it has the magazine of its kind",
            )


def _parameters(
    draft: Draft,
    model: type[BaseModel],
    group: SensorGroup | EffectorGroup,
    path: tuple[str, int, str],
) -> None:
    try:
        model.model_validate(group.parameters)
    except ValidationError as error:
        draft.problems += problems_of(error, model, draft.file, path)


def _links(draft: Draft) -> None:
    for row, group in draft.items("sensors"):
        if group.link is not None and group.link not in draft.sections["links"]:
            key = f"sensors[{row}].link"
            links = draft.sections["links"]
            draft.problems.append(unknown_name(draft.file, key, group.link, links))


def _parts(draft: Draft) -> None:
    chosen = draft.sections["parts"]
    groups = (
        ("associator", parts.ASSOCIATOR),
        ("threat_model", parts.THREAT_MODEL),
        ("allocator", parts.ALLOCATOR),
    )
    for key, group in groups:
        name, known = getattr(chosen, key), parts.named(group)
        if name not in known:
            draft.problems.append(unknown_name(draft.file, f"parts.{key}", name, known))


def _unique_names(draft: Draft) -> None:
    raid, traffic = draft.sections.get("raid"), draft.sections.get("traffic")
    lists: dict[str, Iterable[Any]] = {
        "sensors": (group for _, group in draft.items("sensors")),
        "effectors": (group for _, group in draft.items("effectors")),
        "raid.waves": raid.waves if raid else (),
        "traffic.airliners": traffic.airliners if traffic else (),
        "traffic.helicopters": traffic.helicopters if traffic else (),
        "traffic.authorised": traffic.authorised if traffic else (),
        "places": draft.sections["places"].towns if "places" in draft.sections else (),
    }
    for key, items in lists.items():
        names = [item.name for item in items]
        for name in sorted({name for name in names if names.count(name) > 1}):
            draft.wrong(key, f"the name {name!r} {names.count(name)} times", "each name once")


def _placements(draft: Draft) -> None:
    names = [town.name for town in draft.sections["places"].towns]
    line = draft.sections["border"].line
    groups = [(f"sensors[{row}]", group) for row, group in draft.items("sensors")]
    groups += [(f"effectors[{row}]", group) for row, group in draft.items("effectors")]
    for key, group in groups:
        if group.near and not names:
            draft.wrong(f"{key}.near", '"places"', "at = [[lat, lon], ...]: there are no places")
        if group.along and len(line) < 2:
            draft.wrong(f"{key}.along", '"border"', "a border.line of two points or more")
        _named_places(draft, f"{key}.among", group.among or (), names)


def _named_places(draft: Draft, key: str, chosen: Iterable[str], names: Sequence[str]) -> None:
    for k, name in enumerate(chosen):
        if name not in names:
            draft.problems.append(unknown_name(draft.file, f"{key}[{k}]", name, names))


def _raid(draft: Draft) -> None:
    raid = draft.sections["raid"]
    names = [town.name for town in draft.sections["places"].towns]
    for row, wave in enumerate(raid.waves):
        key = f"raid.waves[{row}]"
        _named_places(draft, f"{key}.targets", wave.targets, names)
        for kind in wave.mix:
            if kind not in raid.kinds:
                draft.problems.append(
                    unknown_name(draft.file, f"{key}.mix.{kind}", kind, raid.kinds)
                )
        if sum(wave.mix.values()) <= 0.0:
            draft.wrong(f"{key}.mix", "weights that sum to 0", "at least one weight above 0")
        if sum(pulse.weight for pulse in wave.pulses) <= 0.0:
            draft.wrong(f"{key}.pulses", "weights that sum to 0", "at least one weight above 0")
    sharing = [wave.weight for wave in raid.waves if wave.count is None]
    if raid.count and not sum(sharing):
        allowed = "0, or a wave without its own count and with a weight above 0"
        draft.wrong("raid.count", str(raid.count), allowed)


def _population(draft: Draft) -> None:
    for town in draft.sections["places"].towns:
        if town.population is None:
            draft.wrong(
                f"places.{town.name}.population", "nothing",
                "how many people live there, 0 is valid",
                "harm by debris can't be judged without it",
            )  # fmt: skip


def _posture(draft: Draft) -> None:
    """Note a cease-fire that is set for before the start."""
    posture = draft.sections["defence"].posture
    start_s = parse_utc(draft.sections["station"].start)
    if posture.cease_fire is not None:
        try:
            after_s = parse_utc(posture.cease_fire) - start_s
        except ValueError as error:
            draft.wrong("defence.posture.cease_fire", posture.cease_fire, str(error))
            return
    else:
        after_s = posture.cease_fire_s or 0.0
    if not after_s >= 0.0:
        key = "cease_fire_s" if posture.cease_fire is None else "cease_fire"
        draft.wrong(
            f"defence.posture.{key}", f"a cease-fire {-after_s:.0f} s before the start",
            f"a time from {draft.sections['station'].start} on",
            'to have fire ceased from the start, give 0; to engage nothing, start = "hold"',
        )  # fmt: skip


def _sectors(draft: Draft) -> None:
    sectors = sorted({town.sector for town in draft.sections["places"].towns})
    for name in draft.sections["defence"].posture.start_by_sector:
        if name not in sectors:
            key = f"defence.posture.start_by_sector.{name}"
            draft.problems.append(unknown_name(draft.file, key, name, sectors))


def _border(draft: Draft) -> None:
    polygon = draft.sections["border"].polygon
    if not polygon:
        return
    if len(polygon) < 3:
        draft.wrong("border", f"{len(polygon)} corners", "at least 3 corners, or none")
        return
    crossing = _crossing(polygon)
    if crossing is not None:
        found = "edges {} and {} cross".format(*crossing)
        draft.wrong("border", found, "a polygon whose edges do not cross")
        return
    if "places" in draft.broken:
        return
    for town in draft.sections["places"].towns:
        if not _inside((town.lat_deg, town.lon_deg), polygon):
            found = f"{town.lat_deg}, {town.lon_deg} is not on the defended side"
            draft.wrong(f"places.{town.name}", found, "inside border.line and border.interior")


def _inside(point: Point, polygon: Sequence[Point]) -> bool:
    corners = np.radians(np.array(polygon, dtype=np.float64))
    lat, lon = np.ascontiguousarray(corners[:, 0]), np.ascontiguousarray(corners[:, 1])
    here = np.radians(np.array(point, dtype=np.float64))
    return bool(inside_polygon(here[:1].copy(), here[1:2].copy(), lat, lon)[0])


def _crossing(polygon: Sequence[Point]) -> tuple[int, int] | None:
    """Return two edges that cross, None when there are none."""
    n = len(polygon)
    edges = [(polygon[i], polygon[(i + 1) % n]) for i in range(n)]
    for i in range(n):
        for j in range(i + 2, n):
            if (j + 1) % n != i and _cross(*edges[i], *edges[j]):
                return i, j
    return None


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    def side(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0.0 and side(c, d, a) * side(c, d, b) < 0.0


def _area(draft: Draft) -> None:
    """Everything named lies within reach of the origin."""
    station = draft.sections["station"]
    origin = np.array(_ecef((station.lat_deg, station.lon_deg)))
    for key, point in _named_points(draft):
        away_km = float(np.linalg.norm(np.array(_ecef(point)) - origin)) / 1e3
        if away_km > station.reach_km:
            draft.wrong(
                key,
                f"{point[0]}, {point[1]}: {away_km:.0f} km from the station",
                f"at most {station.reach_km:.0f} km (station.reach_km)",
            )


def _ecef(point: Point) -> tuple[float, float, float]:
    return geodetic_to_ecef(float(np.radians(point[0])), float(np.radians(point[1])), 0.0)


def _named_points(draft: Draft) -> Iterator[tuple[str, Point]]:
    """Yield every position written in the file, with its key path."""
    if "places" in draft.sections:
        for town in draft.sections["places"].towns:
            yield f"places.{town.name}", (town.lat_deg, town.lon_deg)
    for key in ("sensors", "effectors"):
        for row, group in draft.items(key):
            yield from _listed_points((key, row, "at"), group.at)
    waves = draft.sections["raid"].waves if "raid" in draft.sections else ()
    for row, wave in enumerate(waves):
        yield from _listed_points(("raid", "waves", row, "launch"), wave.launch)
        yield from _listed_points(("raid", "waves", row, "via"), wave.via)
    for key in ("airliners", "helicopters") if "traffic" in draft.sections else ():
        for row, route in enumerate(getattr(draft.sections["traffic"], key)):
            yield from _listed_points(("traffic", key, row, "points"), route.points)
    traffic = draft.sections.get("traffic")
    for row, group in enumerate(traffic.authorised if traffic else ()):
        yield path_text(("traffic", "authorised", row, "at")), group.at


def _listed_points(path: Loc, points: Iterable[Point]) -> Iterator[tuple[str, Point]]:
    return ((path_text((*path, k)), point[:2]) for k, point in enumerate(points))


_CHECKS: tuple[tuple[set[str], Callable[[Draft], None]], ...] = (
    (set(), _sensors),
    (set(), _effectors),
    ({"links"}, _links),
    ({"parts"}, _parts),
    (set(), _unique_names),
    ({"places", "border"}, _placements),
    ({"places", "raid"}, _raid),
    ({"places"}, _population),
    ({"station", "defence"}, _posture),
    ({"places", "defence"}, _sectors),
    ({"border"}, _border),
    ({"station"}, _area),
)
