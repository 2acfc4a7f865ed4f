"""ASTERIX: libasterix reads the same; a made-up radar's aircraft come out where they flew."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.core.errors import FeedError
from chowki.core.messages import Scan
from chowki.core.places import Measures
from chowki.core.units import FLIGHT_LEVEL_M, NAUTICAL_MILE_M
from chowki.feeds.asterix import Asterix, elevation_of
from chowki.feeds.asterix_decode import TRAILING, blocks, records
from chowki.feeds.asterix_tables import CATEGORIES, Compound, Explicit, Extended, Fixed, Repeated
from chowki.feeds.asterix_words import messages
from chowki.feeds.pcap import packets, udp_payload

START_S = 1_700_006_400.0  # 2023-11-15 00:00:00 UTC
SITE = (30.0, 74.0, 250.0)
TURN_S = 5.0


def datagrams(path):
    return [udp_payload(packet) for packet in packets(path.read_bytes(), Counter())]


def oracle_of(category):
    generated = pytest.importorskip("asterix.generated")
    return {34: generated.Cat_034_1_29, 48: generated.Cat_048_1_32}[category].cv_uap


def oracle_records(category, content):
    base = pytest.importorskip("asterix.base")
    return oracle_of(category).parse(base.Bits.from_bytes(content))


def items_of(record):
    found = {name: record.get_item(name) for name in record.cv_items_dict}
    return {name: item.unparse().to_bytes() for name, item in found.items() if item is not None}


def test_the_tables_are_those_of_the_oracle():
    base = pytest.importorskip("asterix.base")
    for category, table in CATEGORIES.items():
        theirs = [
            (item.cv_non_spare.cv_name, item.cv_non_spare.cv_rule.cv_variation)
            for item in oracle_of(category).cv_record.cv_items_list
        ]
        assert [name for name, _ in table] == [name for name, _ in theirs]
        kinds = {
            Fixed: (base.Element, base.Group),
            Extended: (base.Extended, base.Repetitive),
            Repeated: (base.Repetitive,),
            Explicit: (base.Explicit,),
            Compound: (base.Compound,),
        }
        for (name, form), (_, variation) in zip(table, theirs, strict=True):
            assert issubclass(variation, kinds[type(form)]), name
            if isinstance(form, Fixed):
                assert variation.cv_bit_size == 8 * form.octets, name


def test_every_record_of_the_recording_reads_as_in_libasterix(recording):
    compared = Counter()
    for payload in datagrams(recording("asterix/cat_034_048.pcap")):
        for category, content in blocks(payload, Counter()):
            skipped = Counter()
            ours = list(records(category, content, skipped))
            theirs = oracle_records(category, content)
            assert not skipped
            assert [record.items for record in ours] == [items_of(record) for record in theirs]
            compared[category] += len(ours)
    assert compared == {48: 128, 34: 34}


def said_by_oracle(record):
    """Return time of day, range, azimuth, code, level and address as libasterix reads them."""

    def part(item, name):
        return item.variation.get_item(name).variation.content

    position, code, level = (record.get_item(name) for name in ("040", "070", "090"))
    address = record.get_item("220")
    valid = code is not None and not part(code, "V").as_uint() and not part(code, "G").as_uint()
    level_ok = (
        level is not None and not part(level, "V").as_uint() and not part(level, "G").as_uint()
    )
    return (
        record.get_item("140").variation.content.as_quantity("s"),
        part(position, "RHO").as_quantity("NM") * NAUTICAL_MILE_M,
        math.radians(part(position, "THETA").as_quantity("°")),
        int(part(code, "MODE3A").as_string()) if valid else -1,
        part(level, "FL").as_quantity("FL") * FLIGHT_LEVEL_M if level_ok else math.nan,
        address.variation.content.as_uint() if address is not None else -1,
    )


def test_every_plot_of_the_recording_says_what_libasterix_says(recording):
    payloads = datagrams(recording("asterix/cat_034_048.pcap"))
    skipped = Counter()
    ours = [m for m in messages(((0.0, p) for p in payloads), skipped) if m.is_plot]
    theirs, seen = [], set()
    for payload in payloads:
        for category, content in blocks(payload, Counter()):
            if category != 48 or content in seen:
                continue
            seen.add(content)
            for record in oracle_records(category, content):
                if record.get_item("040") is not None:
                    theirs += [said_by_oracle(record)]
    assert len(ours) == len(theirs) == 63
    assert skipped == {"block repeated": 60, "plot without range and azimuth": 1}
    for mine, expected in zip(ours, theirs, strict=True):
        found = (
            mine.time_s, mine.range_m, mine.azimuth_rad, mine.squawk, mine.level_m, mine.address
        )  # fmt: skip
        assert found == pytest.approx(expected, rel=1e-12, nan_ok=True)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([34, 48]), st.binary(min_size=1, max_size=60))
def test_what_libasterix_accepts_is_read_alike(category, content):
    theirs = oracle_records(category, content)
    skipped = Counter()
    ours = list(records(category, content, skipped))
    if not isinstance(theirs, ValueError) and not skipped:
        assert [record.items for record in ours] == [items_of(record) for record in theirs]
    elif not isinstance(theirs, ValueError):
        raise AssertionError(f"libasterix reads {len(theirs)} records, we skip {skipped}")


# A radar made up: two aircraft on straight courses, plots by pyproj's geometry.


def to_radar():
    return pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +proj=cart +ellps=WGS84 +step +proj=topocentric +ellps=WGS84 "
        f"+lat_0={SITE[0]} +lon_0={SITE[1]} +h_0={SITE[2]}"
    )


def aircraft(i, t_s):
    """Return longitude, latitude and height of aircraft i, seconds after the start."""
    return 73.5 + 0.4 * i + 2.5e-3 * t_s, 30.3 + 0.5 * i, 3000.0 + 6000.0 * i


def seen(t_s, i, transformer):
    east, north, up = transformer.transform(*aircraft(i, t_s))
    return math.sqrt(east**2 + north**2 + up**2), math.atan2(east, north) % (2 * math.pi)


def radar_day(captures, span_s, begin_s=START_S, site=SITE, heights=True, period_told=True):
    """Return (time of receipt, datagram): plots as the beam passes, sector messages, north."""
    transformer = to_radar()
    sent = []
    step_s = TURN_S / 32
    for k in range(round(span_s / step_s)):
        t_s = k * step_s
        azimuth = 2 * math.pi * (k % 32) / 32
        for i in range(2):
            for _ in range(5):
                range_m, bearing = seen(t_s, i, transformer)
                t_s = k * step_s + ((bearing - azimuth) % (2 * math.pi)) / (2 * math.pi) * TURN_S
            if (bearing - azimuth) % (2 * math.pi) < 2 * math.pi / 32:
                level = aircraft(i, t_s)[2] if heights else math.nan
                record = captures.plot(
                    begin_s + t_s, range_m, bearing, level_m=level, address=0xABC000 + i,
                    squawk="1234",
                )  # fmt: skip
                sent.append((begin_s + t_s + 0.3, captures.block(48, record)))
            t_s = k * step_s
        north = k % 32 == 0
        record = captures.service(
            begin_s + t_s, azimuth, north=north, site=site if north else None,
            rotation_s=TURN_S if north and period_told else math.nan,
        )  # fmt: skip
        sent.append((begin_s + t_s + 0.1, captures.block(34, record)))
    once = {payload: time_s for time_s, payload in sent}  # a bearing on the edge of two steps
    return sorted((time_s, payload) for payload, time_s in once.items())


def plots_in(sent):
    return sum(payload[0] == 48 for _, payload in sent)


def capture_of(captures, sent):
    return captures.pcap([(time_s, captures.udp(payload)) for time_s, payload in sent])


def test_a_made_up_radar_gives_back_its_aircraft(captures, written, scans):
    sent = radar_day(captures, 60.0)
    feed = Asterix(written("radar.pcap", capture_of(captures, sent)))
    looks = scans(feed)
    (sensor,) = feed.sensors
    assert sensor.name == "asterix-25-201"
    assert sensor.period_s == TURN_S
    assert sensor.measures & Measures.RANGE
    assert (feed.first_fix().lat_deg, feed.first_fix().lon_deg) == pytest.approx(SITE[:2], abs=2e-5)
    plots = [(scan, i) for scan in looks for i in range(len(scan.detections))]
    assert len(plots) == plots_in(sent) >= 22
    to_ecef = pyproj.Transformer.from_crs(4979, 4978)
    radar = np.array(to_ecef.transform(*SITE))
    for scan, i in plots:
        d = scan.detections
        lon, lat, height = aircraft(int(d.address[i]) & 1, d.time_s[i] - START_S)
        way = np.array(to_ecef.transform(lat, lon, height)) - radar
        up = np.array(to_ecef.transform(SITE[0], SITE[1], SITE[2] + 1.0)) - radar
        elevation = math.asin(way @ up / np.linalg.norm(way))
        assert d.range_m[i] == pytest.approx(np.linalg.norm(way), abs=8.0)
        assert d.elevation_rad[i] == pytest.approx(elevation, abs=12.0 / d.range_m[i])
        assert d.squawk[i] == 1234
        turned = (d.azimuth_rad[i] - scan.volume.azimuth_from_rad) % (2 * math.pi)
        assert turned <= scan.volume.azimuth_span_rad + 1e-3
        assert scan.start_s - 0.1 <= d.time_s[i] <= scan.end_s + 0.1


def test_every_eighth_of_every_turn_is_a_look_in_order(captures, written, scans):
    feed = Asterix(written("radar.pcap", capture_of(captures, radar_day(captures, 60.0))))
    looks = scans(feed)
    assert [scan.look for scan in looks] == list(range(1, len(looks) + 1))
    assert 88 <= len(looks) <= 96
    assert sum(not len(scan.detections) for scan in looks) > 60
    starts = [scan.volume.azimuth_from_rad for scan in looks]
    steps = np.diff(starts) % (2 * math.pi)
    assert steps == pytest.approx(math.pi / 4)
    assert np.all(np.diff([scan.time_s for scan in looks]) >= 0.0)


def test_the_rotation_is_found_when_it_is_not_told(captures, written, scans):
    sent = radar_day(captures, 60.0, period_told=False)
    feed = Asterix(written("radar.pcap", capture_of(captures, sent)))
    scans(feed)
    assert feed.sensors[0].period_s == pytest.approx(TURN_S, rel=0.01)
    plots = [(t, p) for t, p in sent if p[0] == 48]
    north = [next((t, p) for t, p in radar_day(captures, 5.0, period_told=False) if p[0] == 34)]
    feed = Asterix(written("plots.pcap", capture_of(captures, north + plots)))
    scans(feed)
    assert feed.sensors[0].period_s == pytest.approx(TURN_S, rel=0.01)


def test_time_of_day_runs_over_midnight(captures, written, scans):
    sent = radar_day(captures, 60.0, begin_s=START_S - 30.0)
    feed = Asterix(written("radar.pcap", capture_of(captures, sent)))
    times = np.concatenate([scan.detections.time_s for scan in scans(feed)])
    assert np.all((times > START_S - 31.0) & (times < START_S + 31.0))
    assert len(times) == plots_in(sent)
    raw = Asterix(written("radar.ast", b"".join(payload for _, payload in sent)))
    times = np.concatenate([scan.detections.time_s for scan in scans(raw)])
    assert len(times) == plots_in(sent)
    assert times.max() - times.min() < 60.0


def test_a_raw_file_is_put_on_an_assumed_day_and_says_so(captures, written, scans):
    sent = radar_day(captures, 60.0)
    raw = b"".join(payload for _, payload in sent)
    feed = Asterix(written("radar.ast", raw))
    looks = scans(feed)
    assert sum(len(scan.detections) for scan in looks) == plots_in(sent)
    assert looks[0].time_s == pytest.approx(946_684_800.0, abs=10.0)
    assert feed.noted == {"time of day put on 2000-01-01, a raw file has no date": len(sent)}


def test_a_radar_clock_off_by_minutes_is_set_right(captures, written, scans):
    sent = [(t + 400.0, payload) for t, payload in radar_day(captures, 60.0)]
    feed = Asterix(written("radar.pcap", capture_of(captures, sent)))
    for scan in scans(feed):
        if len(scan.detections):
            assert np.all(np.abs(scan.detections.time_s - scan.time_s) < 5.0)
    assert any("clock set right by 400 s" in note for note in feed.noted)


def test_one_wild_time_does_not_hold_up_the_radar(captures, written, scans):
    sent = radar_day(captures, 60.0)
    wild = captures.block(48, captures.plot(START_S + 30_000.0, 50_000.0, 1.0))
    middle, plots = len(sent) // 2, plots_in(sent)
    sent = [*sent[:middle], (sent[middle][0], wild), *sent[middle:]]
    feed = Asterix(written("radar.pcap", capture_of(captures, sent)))
    assert sum(len(scan.detections) for scan in scans(feed)) == plots
    assert feed.skipped == {"time of day far from receipt": 1}
    raw = Asterix(written("radar.ast", b"".join(payload for _, payload in sent)))
    assert sum(len(scan.detections) for scan in scans(raw)) == plots
    assert raw.skipped == {"time of day leaps and comes back": 1}


def test_repeated_blocks_trailers_and_unknown_categories_are_counted(captures, written, scans):
    sent = radar_day(captures, 30.0)
    odd = [
        (t + 0.01, payload)  # a second network path
        for t, payload in sent
    ] + [
        (sent[5][0], captures.block(62, b"\x80\x01")),
        (sent[6][0], captures.block(48, captures.plot(START_S, 9e4, 1.0)) + b"\x40\xff\xff\0\1"),
        (sent[7][0], captures.block(48, b"\xff\xff\xff\xff\xff")),
        (sent[8][0], captures.block(48, captures.plot(START_S, 9e4, 1.0, kind=0xB0))),
        (sent[9][0], captures.block(48, captures.plot(START_S, 9e4, 1.0, kind=0xA2))),
    ]  # fmt: skip
    feed = Asterix(
        written("radar.pcap", capture_of(captures, sorted(sent + odd, key=lambda m: m[0])))
    )
    scans(feed)
    assert feed.skipped == {
        "block repeated": len(sent),
        "block of category 62, which is not read": 1,
        TRAILING: 1,
        "malformed record of category 48": 1,
        "simulated or test plot": 1,
        "plot of a field monitor": 1,
    }


def test_a_truncated_capture_gives_what_is_whole(captures, written, scans):
    whole = capture_of(captures, radar_day(captures, 60.0))
    feed = Asterix(written("radar.pcap", whole[: len(whole) // 2]))
    assert 8 <= sum(len(scan.detections) for scan in scans(feed)) <= 14
    assert feed.skipped == {"capture ends within a packet": 1}


def test_a_plot_without_height_has_no_elevation(captures, written, scans):
    feed = Asterix(
        written("radar.pcap", capture_of(captures, radar_day(captures, 20.0, heights=False)))
    )
    found = np.concatenate([scan.detections.elevation_rad for scan in scans(feed)])
    assert len(found)
    assert np.all(np.isnan(found))


def test_without_a_position_the_remedy_names_the_radar(captures, written, read):
    sent = radar_day(captures, 20.0, site=None)
    feed = Asterix(written("radar.pcap", capture_of(captures, sent)))
    assert math.isnan(feed.first_fix().lat_deg)
    with pytest.raises(FeedError, match=r"give a scenario with sensors named asterix-25-201"):
        read(feed)


def test_one_radar_of_the_recording_states_its_position(recording, scans):
    feed = Asterix(recording("asterix/cat_034_048.pcap"))
    plots = sum(len(scan.detections) for scan in scans(feed))
    assert [sensor.name for sensor in feed.sensors] == ["asterix-25-12"]
    fix = feed.first_fix()
    assert (fix.lat_deg, fix.lon_deg, fix.height_m) == pytest.approx(
        (43.5710, 16.4061, 780), abs=1e-4
    )
    assert feed.sensors[0].period_s == pytest.approx(4.945, abs=1e-3)
    assert plots == sum(m.is_plot and m.radar == (25, 12) for m in feed.messages()) == 19


def test_the_scenario_goes_before_what_a_radar_states(recording, theatre_at, a_sensor):
    feed = Asterix(recording("asterix/cat_034_048.pcap"), 3)
    sensors = [a_sensor("asterix-25-13", (1000.0, 0.0, 0.0)), a_sensor("asterix-25-12")]
    feed.place(theatre_at(45.8, 16.0, 0.0, sensors))
    looks = [event for event in feed.events() if isinstance(event, Scan)]
    assert [(s.name, s.number) for s in feed.sensors] == [
        ("asterix-25-12", 3),
        ("asterix-25-13", 4),
    ]
    assert [s.position_m[0] for s in feed.sensors] == [0.0, 1000.0]
    yielded = sum(len(scan.detections) for scan in looks)
    plots = [m for m in feed.messages() if m.is_plot]
    assert yielded == sum(m.radar in {(25, 12), (25, 13)} for m in plots)
    unplaced = sum(n for reason, n in feed.skipped.items() if "position is unknown" in reason)
    assert unplaced == sum(m.radar not in {(25, 12), (25, 13)} for m in feed.messages())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("asterix/asterix.pcap", "100 block of category 62, which is not read"),
        ("asterix/cat21_re.ast", "block of category 21"),
        ("adsb/aircraft.json", "no plot and no service message"),
        ("remoteid/odid_wifi_sample.pcap", "63 packet that is not UDP"),
    ],
)
def test_recordings_of_other_things_are_errors(recording, name, words):
    with pytest.raises(FeedError, match=words):
        Asterix(recording(name)).first_fix()


def test_elevation_agrees_with_the_ellipsoid():
    to_ecef = pyproj.Transformer.from_crs(4979, 4978)
    geod = pyproj.Geod(ellps="WGS84")
    for lat in (0.0, 30.0, 60.0):
        radar = np.array(to_ecef.transform(lat, 10.0, 500.0))
        up = np.array(to_ecef.transform(lat, 10.0, 501.0)) - radar
        for azimuth in (0.0, 45.0, 90.0, 200.0):
            for ground_m, height in ((20e3, 4000.0), (150e3, 9000.0), (300e3, 12000.0)):
                lon2, lat2, _ = geod.fwd(10.0, lat, azimuth, ground_m)
                way = np.array(to_ecef.transform(lat2, lon2, height)) - radar
                range_m = float(np.linalg.norm(way))
                expected = math.asin(way @ up / range_m)
                found = elevation_of(
                    range_m, height, 500.0, math.radians(lat), math.radians(azimuth)
                )
                assert found == pytest.approx(expected, abs=30.0 / range_m)
    assert math.isnan(elevation_of(1000.0, 9000.0, 0.0, 0.5, 0.0))
    assert math.isnan(elevation_of(1000.0, math.nan, 0.0, 0.5, 0.0))


@pytest.mark.parametrize("length", [0, 1, 2, 3, 200, 65535])
def test_a_block_of_any_length_ends(length):
    skipped = Counter()
    payload = b"\x30" + length.to_bytes(2, "big") + b"\x80\x01\x02"
    assert len(list(blocks(payload, skipped))) <= 1
    assert skipped[TRAILING] == 1
