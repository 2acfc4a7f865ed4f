"""Alerts: valid CAP 1.2, each naming what it replaces, and never anything but exercise or test."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as Tree

import numpy as np
import pyarrow as pa
import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import Delaunay

from chowki import testing
from chowki.core.cells import cell_centre, cell_corner, cells_at
from chowki.core.errors import OutputError
from chowki.core.messages import Frame
from chowki.core.places import Place, Station, Theatre
from chowki.core.records import WarningLevel, Warnings
from chowki.kernels.geodesy import geodetic_to_ecef
from chowki.outputs.alerts import AlertStatus, AlertWriter, write_alerts
from chowki.outputs.alerts.area import around, polygon_of_cell, polygon_of_place
from chowki.outputs.alerts.cap import document
from chowki.outputs.alerts.catalogue import FOLDER, KEYS, LANGUAGES, catalogues
from chowki.outputs.alerts.chain import Chain, cap_time

NS = "{urn:oasis:names:tc:emergency:cap:1.2}"
START_S = 1_746_801_000.0
NONE, ADVISORY, COVER, CLEAR = list(WarningLevel)[:4]
CELL = int(cells_at(np.array([31.5]), np.array([74.5]))[0])
EVIL = 'A</areaDesc><status>Actual</status> & "B" \x00\ud800'


def place(index=0, name="Northtown"):
    return Place(index, name, "north", "civil", 34.2, 74.3, np.zeros(3), 2_000.0, 1000, 1.0)


def theatre(name="made-up", places=("Northtown", "Hilltown"), *, simulated=True):
    towns = tuple(place(i, town) for i, town in enumerate(places))
    station = Station(name, 30.0, 73.0, 0.0, START_S, 3_600.0)
    return Theatre(station, towns, simulated=simulated)


def rows(*told):
    """Return warnings from (seconds, number, place or cell, level, probability, arrives in)."""
    time_s = START_S + np.array([t[0] for t in told], dtype=float)
    where = [t[2] for t in told]
    return Warnings.of(
        warning=[t[1] for t in told], time_s=time_s,
        place=[w if w < 100 else -1 for w in where], cell=[w if w >= 100 else -1 for w in where],
        level=[int(t[3]) for t in told], issued_s=time_s, expires_s=time_s + 600.0,
        expected_arrival_s=time_s + [t[5] for t in told], inbound=[2] * len(told),
        track=[7] * len(told), probability=[t[4] for t in told],
    )  # fmt: skip


STORY = rows(
    (10, 1, 0, ADVISORY, 0.4, 800.0),
    (20, 2, CELL, ADVISORY, 0.9, 100.0),
    (200, 1, 0, ADVISORY, 0.7, 600.0),
    (300, 1, 0, COVER, 0.95, 250.0),
    (320, 3, 1, COVER, 0.6, 0.0),
    (600, 1, 0, COVER, 0.5, 0.0),
    (900, 1, 0, CLEAR, 0.0, np.nan),
    (950, 2, CELL, CLEAR, 0.0, np.nan),
    (1500, 1, 0, NONE, 0.0, np.nan),
    (1600, 4, 0, ADVISORY, np.nan, np.nan),
)


def written(folder, story=STORY, whose=None, end_s=1_700.0, manifest=None):
    """Write a story live and return its documents by name, in order."""
    writer = AlertWriter(folder, whose or theatre(), manifest or {"seed": 1})
    for second in np.unique(story.time_s):
        writer.write(Frame(second, complete=True, warnings=story.take(story.time_s == second)))
    writer.write(Frame(START_S + end_s, complete=True))
    writer.close()
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.xml"))}


def parsed(documents):
    return [Tree.fromstring(text) for text in documents.values()]


def text(alert, path):
    return alert.findtext("/".join(NS + tag for tag in path.split("/")))


def parameters(alert):
    """Return the parameters of a message by name."""
    pairs = alert.iter(f"{NS}parameter")
    return {pair.findtext(f"{NS}valueName"): pair.findtext(f"{NS}value") for pair in pairs}


@pytest.fixture(scope="session")
def schema(recording):
    return xmlschema.XMLSchema(recording("cap/CAP-v1.2.xsd"))


def test_every_message_is_valid_against_the_schema_of_oasis(schema, tmp_path):
    documents = written(tmp_path / "a")
    assert len(documents) == 11
    for name, content in documents.items():
        schema.validate(content.decode())
        assert name == f"{text(Tree.fromstring(content), 'identifier')}.xml"


def test_messages_with_hostile_names_are_valid_too(schema, tmp_path):
    for content in written(tmp_path, whose=theatre(EVIL, (EVIL, "<x/>"))).values():
        schema.validate(content.decode())


def test_each_message_names_the_one_that_it_replaces(tmp_path):
    alerts = parsed(written(tmp_path))
    chains: dict[str, list] = {}
    for alert in alerts:
        number = parameters(alert)["chowki:warning"]
        chains.setdefault(number, []).append(alert)
    kinds = {n: [text(a, "msgType") for a in chain] for n, chain in chains.items()}
    assert kinds == {
        "1": ["Alert", "Update", "Update", "Update", "Cancel"],
        "2": ["Alert", "Cancel"],
        "3": ["Alert", "Cancel"],
        "4": ["Alert", "Cancel"],
    }
    for chain in chains.values():
        assert text(chain[0], "references") is None
        for before, after in pairwise(chain):
            told = [text(before, tag) for tag in ("sender", "identifier", "sent")]
            assert text(after, "references") == ",".join(told)
            assert text(before, "sent") <= text(after, "sent")
    identifiers = [text(alert, "identifier") for alert in alerts]
    assert len(set(identifiers)) == len(identifiers)
    assert not any(re.search(r"[\s,<&]", identifier) for identifier in identifiers)


def test_nothing_is_left_standing_when_the_run_ends(tmp_path):
    last = {}
    for name, alert in zip(written(tmp_path), parsed(written(tmp_path)), strict=True):
        last[name.rsplit("-", 1)[0]] = alert
    assert [text(alert, "msgType") for alert in last.values()] == ["Cancel"] * 4
    clear, _, third, fourth = last.values()
    assert text(clear, "info/responseType") == "AllClear"
    for ended in (third, fourth):
        assert text(ended, "info/responseType") == "None"
        assert "The run ended while this warning stood" in text(ended, "note")
        assert text(ended, "sent") == cap_time(START_S + 1_700.0)


def test_level_and_probability_set_severity_certainty_and_urgency(tmp_path):
    alerts = parsed(written(tmp_path))
    names = ("severity", "certainty", "urgency", "responseType")
    told = [tuple(text(a, f"info/{name}") for name in names) for a in alerts]
    assert told == [
        ("Moderate", "Possible", "Expected", "Prepare"),
        ("Moderate", "Likely", "Expected", "Prepare"),
        ("Extreme", "Likely", "Immediate", "Shelter"),
        ("Severe", "Observed", "Immediate", "Shelter"),
        ("Minor", "Unlikely", "Past", "AllClear"),
        ("Moderate", "Likely", "Expected", "Prepare"),
        ("Minor", "Unlikely", "Past", "AllClear"),
        ("Severe", "Observed", "Immediate", "Shelter"),
        ("Minor", "Unknown", "Past", "None"),
        ("Moderate", "Unknown", "Expected", "Prepare"),
        ("Minor", "Unknown", "Past", "None"),
    ]


def test_times_carry_an_offset_and_stand_in_order(tmp_path):
    stamp = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-00:00")
    for alert in parsed(written(tmp_path)):
        sent, onset, expires = (
            text(alert, path) for path in ("sent", "info/onset", "info/expires")
        )
        assert all(stamp.fullmatch(time) for time in (sent, onset, expires))
        assert sent <= onset <= expires
        assert sent < expires
    first = parsed(written(tmp_path))[0]
    assert text(first, "info/onset") == cap_time(START_S + 10.0 + 800.0)


def test_every_message_speaks_five_languages_and_says_which_were_drafted_by_machine(tmp_path):
    for alert in parsed(written(tmp_path)):
        infos = alert.findall(f"{NS}info")
        languages = [info.findtext(f"{NS}language") for info in infos]
        assert languages == ["en-IN", "hi-IN", "pa-IN", "ur-IN", "gu-IN"]
        scripts = ["A-Za-z", "ऀ-ॿ", "਀-੿", "؀-ۿ", "઀-૿"]
        for info, script in zip(infos, scripts, strict=True):
            for tag in ("event", "headline", "description", "instruction"):
                assert re.search(f"[{script}]", info.findtext(NS + tag)), (script, tag)
            assert info.findtext(f"{NS}headline").startswith("EXERCISE")
            drafted = info.findtext(f"{NS}parameter/{NS}value") == "machine-drafted, unreviewed"
            assert drafted == (script != "A-Za-z")
        assert "machine-drafted and unreviewed" in text(alert, "note")


def test_the_shipped_catalogues_are_whole():
    for catalogue in catalogues():
        assert catalogue.fallen_back == ()
        assert set(catalogue.words) == set(KEYS)
        for key in KEYS:
            spoken = catalogue.say(key, "PLACE")
            assert "{" not in spoken
            assert ("PLACE" in spoken) == (key.endswith("headline") or "{place}" in
                                           catalogue.words[key])  # fmt: skip
            assert len(spoken) < 220, "short enough for a cell broadcast of a few pages"


def test_a_missing_text_is_english_and_the_message_says_so(tmp_path):
    for name in LANGUAGES:
        (tmp_path / f"{name}.toml").write_bytes((FOLDER / f"{name}.toml").read_bytes())
    path = tmp_path / "gu.toml"
    path.write_text(
        re.sub(r"(?m)^headline = .*$", "headline = 7", path.read_text("utf-8")), "utf-8"
    )
    (tmp_path / "ur.toml").write_text("this is [no TOML", "utf-8")
    (tmp_path / "pa.toml").unlink()
    english, _, punjabi, urdu, gujarati = catalogues(tmp_path)
    assert set(punjabi.fallen_back) == set(urdu.fallen_back) == set(KEYS)
    assert all("headline" in key for key in gujarati.fallen_back)
    assert len(gujarati.fallen_back) == 4
    assert gujarati.say("advisory.headline", "X") == english.say("advisory.headline", "X")
    message = next(Chain("k").take(STORY))
    alert = Tree.fromstring(document(message, AlertStatus.TEST, "n", theatre().places, (gujarati,)))
    assert "advisory.headline" in parameters(alert)["chowki:in-english"]
    with pytest.raises(ValueError, match="no text for event"):
        _without_event(tmp_path)


def _without_event(folder: Path):
    path = folder / "en.toml"
    path.write_text(path.read_text("utf-8").replace("event =", "occasion ="), "utf-8")
    catalogues(folder)


# The wall: every door by which another status could get out.


def statuses(documents):
    return {
        element.text
        for content in documents.values()
        for element in Tree.fromstring(content).iter(f"{NS}status")
    }


def test_a_status_that_is_neither_exercise_nor_test_cannot_be_made():
    assert {status.value for status in AlertStatus} == {"Exercise", "Test"}
    for wanted in ("Actual", "System", "Draft", "actual", "ACTUAL", None):
        with pytest.raises(ValueError, match="is not a valid AlertStatus"):
            AlertStatus(wanted)
    with pytest.raises((TypeError, AttributeError)):
        AlertStatus.EXERCISE.value = "Actual"
    with pytest.raises(TypeError):

        class _Wider(AlertStatus):
            ACTUAL = "Actual"


def test_the_document_refuses_a_status_of_another_kind():
    message = next(Chain("k").take(STORY))
    with pytest.raises(TypeError, match="an exercise or a test"):
        document(message, "Actual", "n", theatre().places, catalogues())


def test_the_writer_takes_no_status_and_a_manifest_cannot_name_one(tmp_path):
    with pytest.raises(TypeError):
        AlertWriter(tmp_path, theatre(), {}, status="Actual")
    told = {"seed": "Actual", "scenario_digest": EVIL, "status": "Actual", "alert_status": "Actual"}
    assert statuses(written(tmp_path, manifest=told)) == {"Exercise"}


@pytest.mark.parametrize("simulated", [True, False])
def test_a_simulated_run_is_an_exercise_and_a_feed_a_test(tmp_path, simulated):
    documents = written(tmp_path, whose=theatre(simulated=simulated))
    assert statuses(documents) == {"Exercise" if simulated else "Test"}
    for alert in parsed(documents):
        assert text(alert, "scope") == "Restricted"
        assert text(alert, "note").startswith("EXERCISE" if simulated else "TEST")


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_name_of_a_scenario_or_place_becomes_anything_but_text(name, town):
    message = next(Chain("k").take(STORY))
    content = document(message, AlertStatus.EXERCISE, name, (place(0, town),), catalogues()[:2])
    alert = Tree.fromstring(content)
    assert [e.text for e in alert.iter(f"{NS}status")] == ["Exercise"]
    assert {e.tag for e in alert} <= {
        NS + tag
        for tag in ("identifier", "sender", "sent", "status", "msgType", "scope", "restriction",
                    "note", "references", "info")
    }  # fmt: skip


def test_xml_in_names_and_in_a_catalogue_stays_text(tmp_path):
    documents = written(tmp_path, whose=theatre(EVIL, (EVIL, "]]><status>Actual</status>")))
    assert statuses(documents) == {"Exercise"}
    for content in documents.values():
        assert content.count(b"<status>") == 1
    english = catalogues()[0]
    wicked = replace(english, words=dict.fromkeys(KEYS, EVIL), language=EVIL, origin=EVIL)
    message = next(Chain(EVIL).take(STORY))
    content = document(message, AlertStatus.TEST, "n", theatre().places, (wicked,))
    assert [e.text for e in Tree.fromstring(content).iter(f"{NS}status")] == ["Test"]


def test_a_row_of_warnings_cannot_carry_another_status(tmp_path):
    with pytest.raises(TypeError):
        Warnings.of(warning=[1], status=["Actual"])
    with pytest.raises(ValueError, match="7 is not a valid WarningLevel"):
        written(tmp_path, story=rows((10, 1, 0, 7, 0.5, 1.0)))


# Areas


@given(st.floats(-89.9, 89.9), st.floats(-179.9, 179.9))
def test_a_cell_holds_its_position_and_its_polygon_is_closed(lat, lon):
    cell = cells_at(np.array([lat]), np.array([lon]))
    south, west = (float(angle[0]) for angle in cell_corner(cell))
    assert south - 1e-9 <= lat <= south + 0.2 + 1e-9
    assert west - 1e-9 <= lon <= west + 0.2 + 1e-9
    assert cells_at(*cell_centre(cell)).tolist() == cell.tolist()
    corners = polygon_of_cell(int(cell[0])).split(" ")
    assert corners[0] == corners[-1]
    assert len(corners) == 5


@pytest.mark.parametrize("lat", [0.0, 31.0, -60.0])
def test_points_round_a_place_lie_at_the_distance_asked_for(lat):
    lats, lons = around(lat, 74.0, 5_000.0, 24)
    centre = np.array(geodetic_to_ecef(np.radians(lat), np.radians(74.0), 0.0))
    for la, lo in zip(np.radians(lats), np.radians(lons), strict=True):
        apart_m = np.linalg.norm(np.array(geodetic_to_ecef(la, lo, 0.0)) - centre)
        # the sphere of mean radius stands for the ellipsoid: right to 0.7 %
        assert apart_m == pytest.approx(5_000.0, rel=0.007)


def test_the_polygon_of_a_place_holds_its_circle():
    town = place()
    corners = np.array([[float(x) for x in pair.split(",")]
                        for pair in polygon_of_place(town).split(" ")])  # fmt: skip
    assert (corners[0] == corners[-1]).all()
    lat, lon = around(town.lat_deg, town.lon_deg, 4_999.0, 200)
    assert (Delaunay(corners[:-1]).find_simplex(np.column_stack((lat, lon))) >= 0).all()


# The same bytes


def test_the_same_run_gives_the_same_bytes_and_another_seed_other_identifiers(tmp_path):
    first, second = written(tmp_path / "a"), written(tmp_path / "b")
    assert first == second
    other = written(tmp_path / "c", manifest={"seed": 2})
    assert not set(other) & set(first)


def test_a_recording_gives_what_was_written_live(workshop, tmp_path):
    recording = workshop.raid().recording()
    index = write_alerts(recording, tmp_path / "recorded")
    columns = {
        name: recording.warnings[name].to_numpy() for name in recording.warnings.column_names
    }
    story = Warnings.of(**columns)
    writer = AlertWriter(tmp_path / "live", recording.theatre, recording.manifest)
    for second in np.unique(story.time_s):
        writer.write(Frame(second, complete=True, warnings=story.take(story.time_s == second)))
    writer.write(Frame(workshop.start_s + 1_200.0, complete=True))
    writer.close()
    live = {path.name: path.read_bytes() for path in (tmp_path / "live").iterdir()}
    assert live == {path.name: path.read_bytes() for path in (tmp_path / "recorded").iterdir()}
    assert {message["status"] for message in index} == {"Exercise"}
    assert [m["type"] for m in index if m["warning"] == 0] == ["Alert", "Update", "Cancel"]


def test_alerts_of_an_earlier_run_are_replaced_and_other_files_left_alone(tmp_path):
    written(tmp_path)
    (tmp_path / "mine.xml").write_text("<mine/>")
    left = written(tmp_path, story=STORY.take([0]), manifest={"seed": 9})
    assert len(left) == 3
    assert (tmp_path / "mine.xml").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        AlertWriter(tmp_path / "file", theatre(), {})


def with_area(workshop):
    """Return a recording with one warning to an area under a track, which stands at the end."""
    recording = workshop.raid().recording()
    told = rows((300, 9, CELL, ADVISORY, 0.9, 60.0))
    columns = {name: pa.array(column) for name, column in told.columns().items()}
    more = pa.table(columns).cast(recording.warnings.schema)
    return replace(recording, warnings=pa.concat_tables([recording.warnings, more]))


def test_reports_tell_places_from_areas(workshop):
    from chowki.outputs.report import page
    from chowki.outputs.sitrep import situation

    plain, whole = workshop.raid().recording(), with_area(workshop)
    before, after = situation(plain), situation(whole)
    assert after.areas_warned == 1
    assert list(map(str, after.warnings)) == list(map(str, before.warnings))
    assert "Warnings to areas under a track: 1." in " ".join(after.text().split())
    assert after.document()["warnings"]["areas"] == 1
    assert page(whole, after, None).count("level1") == page(plain, before, None).count("level1")


def with_proposals(recording):
    """Return a recording with proposals besides: let go, cancelled by a person, and open."""
    told = rows(
        (100, 90, 0, WarningLevel.PROPOSED_ADVISORY, 0.5, 700.0),
        (110, 90, 0, WarningLevel.PROPOSED_TAKE_COVER, 0.6, 300.0),
        (120, 90, 0, NONE, 0.1, np.nan),
        (130, 91, CELL, WarningLevel.PROPOSED_ADVISORY, 0.9, 60.0),
        (140, 91, CELL, NONE, 0.9, 60.0),
        (150, 92, 1, WarningLevel.PROPOSED_TAKE_COVER, 0.9, 60.0),
    )
    columns = {name: pa.array(column) for name, column in told.columns().items()}
    more = pa.table(columns).cast(recording.warnings.schema)
    return replace(recording, warnings=pa.concat_tables([more, recording.warnings])), told


def test_what_is_only_proposed_is_told_to_nobody(workshop, tmp_path):
    """Neither as an alert nor in a report: the same words with and without proposals."""
    from chowki.outputs.report import page
    from chowki.outputs.sitrep import situation

    recording = with_area(workshop)
    proposed, told = with_proposals(recording)
    assert not written(tmp_path / "alone", told)
    before, after = situation(recording), situation(proposed)
    told, plain = after.document(), before.document()
    assert told.pop("decisions")["warnings_proposed"] == 3
    del plain["decisions"]
    assert told == plain
    assert after.text() == before.text()
    assert page(proposed, after, None) == page(recording, before, None)


def test_a_proposal_that_is_sent_is_a_first_message(tmp_path):
    story = rows(
        (10, 1, 0, WarningLevel.PROPOSED_ADVISORY, 0.5, 700.0),
        (40, 1, 0, ADVISORY, 0.5, 700.0),
        (50, 2, 0, WarningLevel.PROPOSED_TAKE_COVER, 0.5, 300.0),
        (60, 1, 0, COVER, 0.5, 300.0),
        (60, 2, 0, NONE, 0.5, 300.0),
    )
    alerts = parsed(written(tmp_path, story))
    assert [text(alert, "msgType") for alert in alerts] == ["Alert", "Update", "Cancel"]
    assert {parameters(alert)["chowki:warning"] for alert in alerts} == {"1"}


def test_a_dossier_names_the_area_under_its_track(workshop):
    from chowki.outputs.dossier.deeds import warnings_part

    told = warnings_part(with_area(workshop), 7)
    assert [one["place"] for one in told] == ["area under it, 31.4-31.6 N, 74.4-74.6 E"]


def test_the_writer_keeps_the_promises_of_an_output(tmp_path):
    testing.check_output(lambda: AlertWriter(tmp_path / "alerts", theatre(), {"seed": 1}))
