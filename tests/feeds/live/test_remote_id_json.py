"""Remote ID as JSON: our own columns, and each way in which detectors write it."""

from __future__ import annotations

import base64
import json
import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.feeds.live.remote_id_json import read_told
from chowki.feeds.live.uas_data import read_uas_data
from chowki.feeds.open_drone_id import BasicId, Location, System

NAN = math.nan


def told(document):
    text = document if isinstance(document, str) else json.dumps(document)
    return list(read_told(text.encode()))


def parts(found):
    """Return name, location and system of what one transmitter said."""
    by_kind = {type(message): message for message in found.messages}
    return by_kind.get(BasicId), by_kind.get(Location), by_kind.get(System)


def test_our_own_columns():
    (found,) = told(
        {"id": "1588E040445AC004418", "mac": "90:3a:e6:5b:c8:a8", "time_s": 1_746_300_000.5,
         "lat": 47.2, "lon": 8.73, "height_m": 512.0, "speed_mps": 12.5, "track_deg": 270,
         "climb_mps": -1.5, "pilot_lat": 47.19, "pilot_lon": 8.74}
    )  # fmt: skip
    name, where, pilot = parts(found)
    assert (found.radio, found.time_s) == ("90:3a:e6:5b:c8:a8", 1_746_300_000.5)
    assert name == BasicId(1, 0, "1588E040445AC004418")
    assert (where.lat_deg, where.lon_deg, where.geodetic_m) == (47.2, 8.73, 512.0)
    assert (where.speed_mps, where.direction_deg, where.climb_mps) == (12.5, 270.0, -1.5)
    assert (pilot.lat_deg, pilot.lon_deg) == (47.19, 8.74)


ODID = {
    "timestamp": 1_746_300_000_500,
    "MAC address": "90:3a:e6:5b:c8:a8",
    "BasicID": [{"UAType": 2, "IDType": 1, "UASID": "1588E040445AC004418"}],
    "Location": {
        "Status": 2, "Direction": 270.0, "SpeedHorizontal": 12.5, "SpeedVertical": -1.5,
        "Latitude": 47.2, "Longitude": 8.73, "AltitudeBaro": -1000.0, "AltitudeGeo": 512.0,
        "Height": 80.0, "HorizAccuracy": 11, "TimeStamp": 1234.5,
    },
    "System": {"OperatorLatitude": 47.19, "OperatorLongitude": 8.74, "AreaCount": 1},
    "OperatorID": {"OperatorId": "FIN87astrdge12k8"},
}  # fmt: skip


def test_the_names_of_open_drone_ids_own_structures():
    (found,) = told(ODID)
    name, where, pilot = parts(found)
    assert (found.radio, found.time_s) == ("90:3a:e6:5b:c8:a8", 1_746_300_000.5)
    assert name == BasicId(1, 0, "1588E040445AC004418")
    assert where == Location(2, 47.2, 8.73, 512.0, NAN, 80.0, 270.0, 12.5, -1.5, 11, 1234.5)
    assert (pilot.lat_deg, pilot.lon_deg) == (47.19, 8.74)


def test_sections_in_a_list_with_words_for_numbers():
    """As tools that listen to Bluetooth and Wi-Fi hand messages on."""
    (found,) = told(
        [
            {"Basic ID": {"id_type": "Serial Number (ANSI/CTA-2063-A)", "ua_type": 2,
                          "id": "1588E040445AC004418", "MAC": "AA:BB:CC:DD:EE:FF"}},
            {"Location/Vector Message": {"op_status": "Airborne", "latitude": 47.2,
                                         "longitude": 8.73, "geodetic_altitude": "512.0 m",
                                         "height_agl": "80.0 m", "speed": "12.5 m/s",
                                         "vert_speed": "-1.5 m/s", "direction": 270}},
            {"System Message": {"latitude": 47.19, "longitude": 8.74}},
            {"Self-ID Message": {"text": "survey"}},
        ]
    )  # fmt: skip
    name, where, pilot = parts(found)
    assert found.radio == "AA:BB:CC:DD:EE:FF"
    assert math.isnan(found.time_s)
    assert name == BasicId(1, 0, "1588E040445AC004418")
    assert (where.geodetic_m, where.above_m, where.speed_mps) == (512.0, 80.0, 12.5)
    assert (where.climb_mps, where.direction_deg) == (-1.5, 270.0)
    assert (pilot.lat_deg, pilot.lon_deg) == (47.19, 8.74)


def test_a_drone_on_the_ground_in_words():
    (found,) = told([{"Basic ID": {"id": "X1"}}, {"Location": {"status": "Ground", "lat": 1}}])
    assert parts(found)[1].status == 1


def uas_data(lat=47.2, lon=8.73, located=1, system=1):
    """Return ODID_UAS_Data as a C compiler lays it out; fields written one by one."""
    octets = bytearray(920)
    struct.pack_into("<ii20s", octets, 0, 2, 1, b"1588E040445AC004418")
    struct.pack_into("<ifff", octets, 64, 2, 270.0, 12.5, -1.5)
    struct.pack_into("<dd", octets, 80, lat, lon)
    struct.pack_into("<ffif", octets, 96, -1000.0, 512.0, 0, 80.0)
    struct.pack_into("<5if", octets, 112, 11, 4, 3, 3, 2, 1234.5)
    struct.pack_into("<iidd", octets, 808, 1, 0, 47.19, 8.74)
    octets[892], octets[894], octets[912] = 1, located, system
    return bytes(octets)


def test_the_structure_that_dronescout_receivers_send():
    packed = base64.b64encode(uas_data()).decode()
    data = {"RSSI": -61, "channel": 6, "timestamp": 1_746_300_000_500, "type": "WiFi beacon",
            "MAC address": "90:3a:e6:5b:c8:a8", "UASdata": packed}  # fmt: skip
    (found,) = told({"protocol": 1.0, "sensor ID": "roof", "data": data})
    name, where, pilot = parts(found)
    assert (found.radio, found.time_s) == ("90:3a:e6:5b:c8:a8", 1_746_300_000.5)
    assert name == BasicId(1, 2, "1588E040445AC004418")
    assert where == Location(2, 47.2, 8.73, 512.0, NAN, 80.0, 270.0, 12.5, -1.5, 11, 1234.5)
    assert pilot == System(47.19, 8.74, 1)


def test_parts_that_are_not_valid_are_not_read():
    assert [type(m) for m in read_uas_data(uas_data(located=0, system=0))] == [BasicId]
    assert list(read_uas_data(uas_data()[:900])) == [None]


def test_several_documents_in_a_row_and_a_detectors_own_status():
    status = {"protocol": 1.0, "status": {"sensor ID": "roof", "status": "normal"}}
    first, second, third = told(json.dumps(ODID) + json.dumps(status) + "\n" + json.dumps(ODID))
    assert first == third
    assert second.messages == []


def test_a_list_of_drones():
    both = told([{"id": "A", "lat": 1.0, "lon": 2.0}, {"id": "B", "lat": 3.0, "lon": 4.0}])
    assert [parts(found)[0].name for found in both] == ["A", "B"]


@pytest.mark.parametrize("encode", [bytes.hex, lambda octets: base64.b64encode(octets).decode()])
def test_the_octets_of_a_message_pack(encode):
    name = b"\x02\x12" + b"X1".ljust(20, b"\0") + b"\0" * 3
    system = struct.pack("<BBii", 0x42, 0, 471_900_000, 87_400_000).ljust(25, b"\0")
    (found,) = told({"mac": "aa", "odid": encode(bytes([0xF2, 25, 2]) + name + system)})
    assert parts(found)[0] == BasicId(1, 2, "X1")
    assert parts(found)[2].lat_deg == pytest.approx(47.19)


@pytest.mark.parametrize(
    "section",
    [
        {"Latitude": 0.0, "Longitude": 0.0, "AltitudeGeo": -1000.0, "Direction": 361.0,
         "SpeedHorizontal": 255.0, "SpeedVertical": 63.0},
        {"Latitude": "north", "Longitude": None, "AltitudeGeo": [], "Direction": "?",
         "SpeedHorizontal": -1, "SpeedVertical": True},
    ],
)  # fmt: skip
def test_what_is_not_known_is_nan(section):
    (found,) = told({"Location": section})
    where = parts(found)[1]
    unknown = (where.lat_deg, where.lon_deg, where.geodetic_m, where.direction_deg,
               where.speed_mps, where.climb_mps)  # fmt: skip
    assert all(math.isnan(value) for value in unknown)


@pytest.mark.parametrize("text", ["", "   "])
def test_nothing_tells_nothing(text):
    assert told(text) == []


@pytest.mark.parametrize("text", ["{", "3", '"x"', "nonsense", "[" * 9_000, "[1]"])
def test_something_else_is_told_apart(text):
    assert told(text) == [None]


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_any_octets_end(octets):
    for found in read_told(octets):
        assert found is None or isinstance(found.messages, list)


KEYS = st.sampled_from(
    ["id", "lat", "Latitude", "lon", "Location", "System", "BasicID", "odid", "UASdata", "data",
     "timestamp", "mac", "status", "HorizAccuracy", "IDType", "OperatorLatitude"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
)


@settings(max_examples=120)
@given(st.dictionaries(KEYS, VALUES) | st.lists(VALUES, max_size=4))
def test_any_document_with_familiar_names_ends(document):
    for found in read_told(json.dumps(document).encode()):
        assert found is None or isinstance(found.messages, list)
