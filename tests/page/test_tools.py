"""Search, filters, keys, measuring and exports do what they say, on a recorded run."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from pyproj import Geod, Transformer

from chowki.core.records import Identity, ObjectClass

WGS84 = Geod(ellps="WGS84")
MERCATOR = Transformer.from_crs(4326, 3857, always_xy=True)
# Width of the world of web Mercator in m, and of its picture at zoom 0 in CSS pixels.
WORLD_M, WORLD_PX = 2 * math.pi * 6378137.0, 256.0


@pytest.fixture(scope="module")
def tracks(recorded):
    """Return the tracks of the journal at the time shown, by number."""
    session, journal = recorded
    time_s = session.span_s[0] + 300.0
    rows = [row for row in journal.tracks.to_pylist() if row["time_s"] == time_s]
    assert len(rows) > 50
    return {row["track"]: row for row in rows}


def in_address(page):
    return {key: one[0] for key, one in parse_qs(urlsplit(page.url).fragment).items()}


def view_of(page):
    """Return latitude and longitude (deg) of the middle of the map, and its zoom."""
    return tuple(float(part) for part in in_address(page)["view"].split(","))


@contextmanager
def changes_view(page):
    """Wait until what is done inside has moved the view and the view has come to rest."""
    before = in_address(page).get("view", "")
    yield
    expect(page).not_to_have_url(re.compile(f"view={re.escape(before)}(&|$)"))
    rests(page)


def rests(page):
    """Wait until the address stays as it is; it is written twice a second."""
    before = None
    for _ in range(20):
        now = page.url
        if now == before:
            return
        before = now
        for _ in range(3):
            page.wait_for_timeout(250)
    raise AssertionError("the view does not come to rest")


def pixel_of(page, lat_deg, lon_deg):
    """Return where a point of the ground lies in the window, CSS pixels, by the view's address."""
    lat, lon, zoom = view_of(page)
    box = page.locator("#map").bounding_box()
    middle, point = MERCATOR.transform(lon, lat), MERCATOR.transform(lon_deg, lat_deg)
    per_pixel_m = WORLD_M / WORLD_PX / 2**zoom
    return (
        box["x"] + box["width"] / 2 + (point[0] - middle[0]) / per_pixel_m,
        box["y"] + box["height"] / 2 - (point[1] - middle[1]) / per_pixel_m,
    )


def cursor_at(page):
    """Return latitude and longitude that the page says of the pointer."""
    words = page.locator(".map-cursor").text_content()
    north, east = re.fullmatch(r"([\d.]+)° N, ([\d.]+)° E", words).groups()
    return float(north), float(east)


def search(page, words):
    page.keyboard.press("/")
    page.keyboard.type(words)
    return page.get_by_role("listbox", name="Found").get_by_role("option")


def selects(page, number):
    expect(page.locator(".detail-head .big")).to_have_text(str(number))
    expect(page).to_have_url(re.compile(rf"track={number}(&|$)"))


@pytest.mark.parametrize(("words", "found"), [("cka200", "CKA200"), ("47", "Track 47")])
def test_search_finds_a_track_and_goes_to_it(shown, tracks, words, found):
    page = shown()
    (row,) = [one for one in tracks.values() if found in {one["callsign"], f"Track {one['track']}"}]
    expect(search(page, words).first).to_contain_text(found)
    page.keyboard.press("Enter")
    selects(page, row["track"])
    expect(page.locator(".figures.large")).to_contain_text(row["callsign"] or "Call sign")
    rests(page)
    lat, lon, _ = view_of(page)
    assert (lat, lon) == pytest.approx((row["lat_deg"], row["lon_deg"]), abs=1e-4)


def test_search_finds_places_and_sensors(shown, recorded):
    page = shown()
    theatre = recorded[1].theatre
    (airport,) = theatre.places
    with changes_view(page):
        options = search(page, "airport")
        expect(options.first).to_contain_text("Airport")
        expect(options.first).to_contain_text("place")
        page.keyboard.press("Enter")
    assert view_of(page)[:2] == pytest.approx((airport.lat_deg, airport.lon_deg), abs=1e-4)
    with changes_view(page):
        sensor = search(page, "direction-finder").first
        expect(sensor).to_contain_text("sensor")
        sensor.click()
    finder = next(one for one in theatre.sensors if one.kind == "direction-finder")
    lat, lon, _ = view_of(page)
    _, _, away_m = WGS84.inv(airport.lon_deg, airport.lat_deg, lon, lat)
    assert away_m == pytest.approx(np.hypot(*finder.position_m[:2]), abs=20.0)


def test_search_says_when_it_finds_nothing(shown):
    page = shown()
    expect(search(page, "xyzzy").first).to_have_text("Nothing found")
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox", name="Found")).to_have_count(0)


def test_filters_hide_tracks_and_say_so_and_a_link_brings_all_back(shown, tracks, page_of):
    page = shown()
    hostile = [row for row in tracks.values() if row["identity"] == Identity.HOSTILE]
    fast = [row for row in hostile if math.hypot(row["v_east_mps"], row["v_north_mps"]) > 30.0]
    assert 0 < len(fast) < len(hostile)
    page.keyboard.press("n")
    page.keyboard.press("Shift+F")
    panel = page.get_by_role("region", name="Filters")
    panel.get_by_label("Hostile").check()
    chip = page.get_by_role("button", name="by the filters")
    expect(chip).to_contain_text(f"{len(hostile)} of {len(tracks)} shown")
    panel.get_by_label("Speed, m/s: from").fill("30")
    expect(chip).to_contain_text(f"{len(fast)} of {len(tracks)} shown")
    expect(page.locator("#panel-threats")).to_contain_text("more not shown: hidden by a filter")
    panel.get_by_role("button", name="Close").click()
    with changes_view(page):
        page.keyboard.press("e")
    second = page.context.new_page()
    second.goto(page.url)
    again = second.get_by_role("button", name="by the filters")
    expect(again).to_contain_text(f"{len(fast)} of {len(tracks)} shown")
    expect(second.locator(".detail-head .big")).to_have_text(in_address(page)["track"])
    rests(second)
    assert in_address(second) == in_address(page)
    again.click()
    expect(again).to_be_hidden()
    expect(second).not_to_have_url(re.compile("identity=|min-speed="))


# Keys, what the help says of them, and the box of the menu that they tick.
LAYERS = [
    ("t", "trails of all tracks", "Trails"),
    ("r", "range rings", "Rings"),
    ("g", "graticule", "Graticule"),
    ("c", "coverage of the sensors", "Coverage"),
    ("b", "dim the map", "Dim map"),
    ("m", "select several", "Select several"),
]


def test_keys_switch_layers_on_and_off_as_the_help_says(shown):
    page = shown()
    for _ in range(6):  # trails begin with what was seen
        page.keyboard.press(".")
    expect(page.locator(".time-now")).to_have_text("10:06:00")
    for key, words, box in LAYERS:
        helps(page, key, words)
        item = page.locator(".menu-box").get_by_role("checkbox", name=box, include_hidden=True)
        drawn = page.locator("#map").screenshot()
        page.keyboard.press(key)
        expect(item).to_be_checked()
        if box != "Select several":
            differs(page.locator("#map"), drawn)
        page.keyboard.press(key)
        expect(item).not_to_be_checked()


def helps(page, key, words):
    """The help lists the key with these words."""
    page.keyboard.press("?")
    row = page.get_by_role("dialog", name="Keys").locator("dl > div", has_text=words).first
    expect(row.locator("kbd", has_text=re.compile(f"^{re.escape(key)}$"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def differs(element, before):
    """Wait until an element looks other than before."""
    for _ in range(40):
        if element.screenshot() != before:
            return
    raise AssertionError("nothing changed on the screen")


def test_the_keys_of_the_selection(shown, tracks):
    page = shown()
    ranked = page.locator("#panel-threats tbody tr")
    first, second = (ranked.nth(k).get_attribute("data-key").split("-")[0] for k in (0, 1))
    page.keyboard.press("n")
    selects(page, first)
    page.keyboard.press("n")
    selects(page, second)
    page.keyboard.press("p")
    selects(page, first)
    page.keyboard.press("i")
    expect(page.get_by_role("button", name="Isolate", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page).to_have_url(re.compile("isolate=true"))
    page.keyboard.press("f")
    expect(page.get_by_role("button", name="Follow", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    rests(page)
    row = tracks[int(first)]
    assert view_of(page)[:2] == pytest.approx((row["lat_deg"], row["lon_deg"]), abs=1e-4)
    page.keyboard.press("Escape")
    expect(page.locator("#panel-details")).to_contain_text("No track is selected")
    expect(page).not_to_have_url(re.compile("track=|isolate=|follow="))


def test_the_keys_of_labels_and_theme(shown):
    page = shown()
    labels = page.locator(".menu-box").get_by_label("Labels")
    seen = [labels.input_value()]
    for _ in range(3):
        page.keyboard.press("l")
        expect(labels).not_to_have_value(seen[-1])
        seen.append(labels.input_value())
    assert seen == ["1", "2", "0", "1"]
    page.keyboard.press("Shift+T")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.keyboard.press("Shift+T")
    expect(page.locator("html")).to_have_attribute("data-theme", "night")


def test_the_keys_of_the_view(shown):
    page = shown()
    home = view_of(page)
    for key, index, sign in (("ArrowUp", 0, 1), ("ArrowDown", 0, -1), ("ArrowRight", 1, 1)):
        before = view_of(page)
        with changes_view(page):
            page.keyboard.press(key)
        moved = view_of(page)
        assert (moved[index] - before[index]) * sign > 0
        assert moved[1 - index] == before[1 - index]
    with changes_view(page):
        page.keyboard.press("ArrowLeft")
    assert view_of(page) == pytest.approx(home, abs=1e-3)
    with changes_view(page):
        page.keyboard.press("e")
    assert view_of(page)[2] == pytest.approx(home[2] + 1, abs=0.02)
    for _ in range(2):
        with changes_view(page):
            page.keyboard.press("q")
    assert view_of(page)[2] == pytest.approx(home[2] - 1, abs=0.02)
    with changes_view(page):
        page.keyboard.press("h")
    assert view_of(page) == pytest.approx(home, abs=1e-3)


def test_a_click_selects_a_track_and_the_pointer_tells_where_it_is(shown, tracks):
    page = shown()
    (row,) = [row for row in tracks.values() if row["callsign"] == "CKA200"]
    x, y = pixel_of(page, row["lat_deg"], row["lon_deg"])
    page.mouse.move(x, y)
    expect(page.locator(".map-tip")).to_contain_text(f"{row['track']}: ")
    per_pixel_deg = 360.0 / WORLD_PX / 2 ** view_of(page)[2]
    assert cursor_at(page) == pytest.approx((row["lat_deg"], row["lon_deg"]), abs=per_pixel_deg)
    page.mouse.click(x, y)
    selects(page, row["track"])


def test_measuring_agrees_with_geodesy(shown):
    page = shown()
    page.keyboard.press("x")
    expect(page.get_by_role("button", name="Measure")).to_have_attribute("aria-pressed", "true")
    box = page.locator("#map").bounding_box()
    points, said = [], ""
    for across, down in ((0.1, 0.85), (0.9, 0.1)):
        x, y = box["x"] + across * box["width"], box["y"] + down * box["height"]
        page.mouse.move(x, y)
        expect(page.locator(".map-cursor")).to_be_visible()
        expect(page.locator(".map-cursor")).not_to_have_text(said)
        said = page.locator(".map-cursor").text_content()
        points.append(cursor_at(page))
        page.mouse.click(x, y)
    note = page.locator(".note", has_text="true")
    bearing, km = re.fullmatch(r"(\d+)° true  ([\d.]+) km", note.text_content()).groups()
    (lat_0, lon_0), (lat_1, lon_1) = points
    azimuth, _, range_m = WGS84.inv(lon_0, lat_0, lon_1, lat_1)
    assert float(bearing) == pytest.approx(azimuth % 360.0, abs=1.0)
    # it reckons on a sphere: within half a per cent anywhere
    assert float(km) * 1000.0 == pytest.approx(range_m, rel=0.005, abs=500.0)
    expect(page.get_by_role("status")).to_contain_text("true")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Measure")).to_have_attribute("aria-pressed", "false")


def exported(page, item):
    """Return name and bytes of what an item of the export menu saves."""
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name=item).click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def test_the_picture_exported_is_what_the_map_shows(shown):
    name, data = exported(shown(), "PNG")
    assert name == "single-site-2025-05-09T100500Z.png"
    image = Image.open(io.BytesIO(data)).convert("RGB")
    assert image.width > 800
    assert len(image.getcolors(maxcolors=2**24)) > 200
    middle = image.crop((image.width // 3, image.height // 3, image.width // 2, image.height // 2))
    assert len(middle.getcolors(maxcolors=2**24)) > 20


def flown(station, row):
    """Return speed, course and climb (m/s, deg, m/s) by PROJ: from here to where it is in 1 s."""
    at = f"+lat_0={station.lat_deg} +lon_0={station.lon_deg} +h_0={station.height_m}"
    geodetic = Transformer.from_pipeline(
        f"+proj=pipeline +step +inv +proj=topocentric +ellps=WGS84 {at} "
        "+step +inv +proj=cart +ellps=WGS84"
    )
    here = np.array([row["east_m"], row["north_m"], row["up_m"]])
    velocity = np.array([row["v_east_mps"], row["v_north_mps"], row["v_up_mps"]])
    lon, lat, height = geodetic.transform(*here, radians=False)
    lon_then, lat_then, height_then = geodetic.transform(*(here + velocity), radians=False)
    course, _, _ = WGS84.inv(lon, lat, lon_then, lat_then)
    climb = height_then - height
    return math.sqrt(max(velocity @ velocity - climb**2, 0.0)), course % 360.0, climb


def agrees(values, lat, lon, row, station):
    """What was exported of a track is what the journal holds, to the step of the wire."""
    assert float(lat) == pytest.approx(row["lat_deg"], abs=2e-6)
    assert float(lon) == pytest.approx(row["lon_deg"], abs=5e-6)
    speed, course, climb = flown(station, row)
    assert float(values["height_m"]) == pytest.approx(row["height_m"], abs=0.5)
    assert float(values["agl_m"]) == pytest.approx(row["height_agl_m"], abs=0.5)
    assert float(values["speed_mps"]) == pytest.approx(speed, abs=0.0501)
    assert float(values["course_deg"]) == pytest.approx(course, abs=0.006)
    assert float(values["climb_mps"]) == pytest.approx(climb, abs=0.0501)
    assert float(values["existence"]) == pytest.approx(row["existence"], abs=0.5 / 255 + 1e-6)
    assert values["identity"] == Identity(row["identity"]).name.lower().replace("_", " ")
    drone = ObjectClass(row["object_class"]).name.lower().replace("_", " ")
    assert values["object_class"].replace("-", " ") == drone


def test_the_tables_exported_hold_what_the_journal_holds(shown, tracks, recorded):
    page = shown()
    station = recorded[1].theatre.station
    _, data = exported(page, "CSV")
    lines = list(csv.DictReader(io.StringIO(data.decode())))
    assert len(lines) > 50
    for line in lines:
        assert line["time_utc"] == "2025-05-09T10:05:00.000Z"
        agrees(line, line["lat_deg"], line["lon_deg"], tracks[int(line["track"])], station)
    name, data = exported(page, "GeoJSON")
    assert name.endswith(".geojson")
    features = json.loads(data)["features"]
    assert [one["properties"]["track"] for one in features] == [int(x["track"]) for x in lines]
    for one in features:
        lon, lat = one["geometry"]["coordinates"]
        agrees(one["properties"], lat, lon, tracks[one["properties"]["track"]], station)


def test_a_map_of_ones_own_is_listed_drawn_and_put_away(shown, recorded, tmp_path):
    (airport,) = recorded[1].theatre.places
    lat, lon = airport.lat_deg, airport.lon_deg
    ring = [[lon + dx, lat + dy] for dx, dy in ((0, 0), (0.2, 0), (0.2, 0.2), (0, 0.2), (0, 0))]
    path = tmp_path / "runway-works.geojson"
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    page = shown(layers=(path,))
    page.locator("summary", has_text="Layers").click()
    item = page.get_by_role("checkbox", name="Own maps: runway-works")
    expect(item).to_be_checked()
    drawn = page.locator("#map").screenshot()
    item.uncheck()
    differs(page.locator("#map"), drawn)
    expect(page).to_have_url(re.compile("own-layers=false"))
