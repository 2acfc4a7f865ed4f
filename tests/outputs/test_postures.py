"""Postures, cease-fires and what broke them follow from the acts on record."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.outputs.conftest import acts, crossed

from chowki.outputs.postures import cease_fires, posture_at, standing_cease_fire
from chowki.outputs.sitrep import situation
from chowki.outputs.sitrep.incursions import incursions, violations

SECTORS = ["IB Gujarat", "IB Punjab", "LoC Jammu", "LoC Kashmir", "Punjab"]
LEVELS = [
    {"name": "hold", "weapons_control_status": "hold", "release": "senior"},
    {"name": "tight", "weapons_control_status": "tight", "release": "operator"},
    {"name": "free", "weapons_control_status": "free", "release": "machine"},
]


def with_table(recording, **table):
    told = {"levels": LEVELS, "start": "tight", **table}
    recording.manifest = {**recording.manifest, "scenario": {"defence": {"posture": told}}}
    return recording


@pytest.fixture
def recording(workshop):
    return with_table(crossed(workshop.raid().recording(), {100: 500.0, 101: 700.0, 103: 800.0}))


def with_acts(recording, *rows):
    recording.acts = acts(*rows)
    return recording


def test_without_acts_nothing_stands(recording):
    assert cease_fires(recording) == []
    assert violations(recording, incursions(recording)) == []
    assert posture_at(recording, "IB Punjab", 1e12).in_words == "tight since the start"


def test_a_cease_fire_everywhere_stands_in_every_sector_until_lifted(workshop, recording):
    from_s, to_s = workshop.start_s + 600.0, workshop.start_s + 900.0
    with_acts(recording, (from_s, "Rao", "cease-fire", "", ""),
              (to_s, "Rao", "lift-cease-fire", "LoC Jammu", ""))  # fmt: skip
    spans = {span.sector: span for span in cease_fires(recording)}
    assert sorted(spans) == SECTORS
    assert {span.from_s for span in spans.values()} == {from_s}
    assert spans["LoC Jammu"].to_s == to_s
    assert spans["IB Punjab"].to_s == np.inf
    assert {span.person for span in spans.values()} == {"Rao"}


def test_only_what_crosses_while_it_stands_in_its_sector_breaks_it(workshop, recording):
    start = workshop.start_s
    with_acts(recording, (start + 600.0, "Rao", "cease-fire", "LoC Jammu", ""))
    broken = violations(recording, incursions(recording))
    assert [one.incursion.track for one in broken] == [101]
    assert broken[0].incursion.crossed_s == start + 700.0
    with_acts(recording, (start + 500.0, "Rao", "cease-fire", "", ""),
              (start + 750.0, "Rao", "lift-cease-fire", "", ""))  # fmt: skip
    assert [v.incursion.track for v in violations(recording, incursions(recording))] == [100, 101]


def test_a_cease_fire_set_in_the_scenario_counts_too(workshop, recording):
    with_table(recording, cease_fire_s=650.0)
    assert [v.incursion.track for v in violations(recording, incursions(recording))] == [101, 103]
    assert {span.person for span in cease_fires(recording)} == {"scenario"}
    with_table(recording, cease_fire="2025-05-09T14:42:00Z")  # 720 s after the start
    assert [v.incursion.track for v in violations(recording, incursions(recording))] == [103]


def test_in_operator_mode_nobody_lifts_or_steps_up_without_a_name(workshop, recording):
    with_table(recording, operator=True)
    start = workshop.start_s
    with_acts(
        recording, (start + 1.0, "", "cease-fire", "", ""),
        (start + 2.0, "", "lift-cease-fire", "", ""), (start + 3.0, "", "set-posture", "", "free"),
        (start + 4.0, "", "set-posture", "", "hold"),
    )  # fmt: skip
    assert {span.to_s for span in cease_fires(recording)} == {np.inf}
    assert posture_at(recording, "Punjab", start + 3.5).level == "tight"
    assert posture_at(recording, "Punjab", start + 4.5).level == "hold"


def test_the_posture_is_that_of_the_last_act_before(workshop, recording):
    start = workshop.start_s
    with_acts(
        recording, (start + 10.0, "Rao", "set-posture", "Punjab", "hold"),
        (start + 20.0, "Sen", "set-weapons-control-status", "", "free"),
        (start + 30.0, "Sen", "set-posture", "Nowhere", "hold"),
        (start + 40.0, "Sen", "set-posture", "", "no such level"),
    )  # fmt: skip
    assert posture_at(recording, "Punjab", start + 9.0).level == "tight"
    assert posture_at(recording, "Punjab", start + 15.0).person == "Rao"
    assert posture_at(recording, "IB Punjab", start + 15.0).level == "tight"
    last = posture_at(recording, "Punjab", start + 99.0)
    assert (last.level, last.person, last.releaser) == ("free", "Sen", "machine")
    assert last.in_words == "free since 14:30:20 by Sen"


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.booleans(), st.sampled_from(["", *SECTORS, "Nowhere"])),
        max_size=12,
    )
)
def test_a_cease_fire_stands_where_a_second_by_second_account_says(workshop, story):
    """Against a table of sectors that is switched act by act."""
    recording = workshop.Story().recording()
    rows = [
        (float(t), "Rao", "cease-fire" if on else "lift-cease-fire", sector, "")
        for t, on, sector in sorted(story, key=lambda row: row[0])
    ]
    recording.acts = acts(*rows)
    spans = cease_fires(recording)
    ceased = dict.fromkeys(SECTORS, False)
    for second in range(52):
        for time_s, _, verb, subject, _ in rows:
            if time_s == second:
                for sector in SECTORS:
                    if subject in ("", sector):
                        ceased[sector] = verb == "cease-fire"
        for sector in SECTORS:
            stands = standing_cease_fire(spans, sector, second + 0.5) is not None
            assert stands == ceased[sector]


def test_the_situation_report_tells_acts_and_violations(workshop, recording):
    start = workshop.start_s
    with_acts(
        recording, (start + 60.0, "Rao", "set-posture", "IB Punjab", "free"),
        (start + 600.0, "Sen", "cease-fire", "", ""), (start + 610.0, "Sen", "release", "102", ""),
    )  # fmt: skip
    report = situation(recording)
    told = report.document()
    assert told["incursions"] == 3
    assert [c["act"] for c in told["posture"]["changes"]] == ["set-posture", "cease-fire"]
    assert told["posture"]["released"] == 1
    assert [v["track"] for v in told["cease_fire"]["violations"]] == [101, 103]
    text = " ".join(report.text().split())
    assert "14:31:00 posture free IB Punjab by Rao" in text
    assert "2 violations (2 incursions while it stood)" in text
    assert max(map(len, report.text().splitlines())) <= 88


def test_engagements_near_the_border_are_those_of_the_great_circle(workshop, recording):
    """Distances to the border against pyproj's geodesics to points along it."""
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    recording.theatre = replace(
        recording.theatre, border_lat_deg=np.array([36.0, 36.0, 23.0, 23.0]),
        border_lon_deg=np.array([74.2, 79.0, 79.0, 74.2]),
    )  # fmt: skip
    border = situation(recording).restraint.border
    lat = np.linspace(23.0, 36.0, 20_001)
    table = recording.engagements.to_pylist()
    for one in border.near:
        row = next(r for r in table if r["engagement"] == one.engagement)
        n = len(lat)
        _, _, away = geod.inv(
            np.full(n, row["lon_deg"]), np.full(n, row["lat_deg"]), np.full(n, 74.2), lat
        )
        inside = 1.0 if row["lon_deg"] > 74.2 else -1.0
        assert one.distance_m == pytest.approx(inside * away.min(), rel=5e-3, abs=30.0)
    assert len(border.near) == 1
    assert border.engagements == 3
