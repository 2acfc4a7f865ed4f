"""The routes, asked by a foreign client."""

from __future__ import annotations

import json

import pytest

from chowki.core.errors import UsageError
from chowki.outputs.web import wire
from chowki.outputs.web.files import MEDIA_TYPES, find_file, page_folder
from chowki.outputs.web.layers import LARGEST_GEOJSON, open_layers
from chowki.outputs.web.sharing import to_json

POINT = {"type": "Point", "coordinates": [73.0, 28.0]}
FEATURE = {"type": "Feature", "properties": {}, "geometry": POINT}


def test_entering_shows_a_page_that_goes_on_by_itself(visit):
    """A redirect would lose a strict cookie when the link was followed from elsewhere."""
    person = visit(enter=False)
    answer = person.http.get(person.link)
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0; url=/">' in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_the_page_and_its_files_have_the_types_that_browsers_demand(visit):
    person = visit()
    page = person.http.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.content == (page_folder() / "index.html").read_bytes()
    script = person.http.get("/page/main.js")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"


def test_a_file_that_the_browser_has_is_not_sent_again(visit):
    person = visit()
    first = person.http.get("/page/main.js")
    assert first.headers["cache-control"] == "no-cache"
    again = person.http.get("/page/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = person.http.get("/page/main.js", headers={"If-None-Match": '"other"'})
    assert other.content == first.content


def test_only_files_of_the_page_are_found(tmp_path):
    (tmp_path / "page").mkdir()
    for name in ("page/a.js", "page/.a.js", "page/notes", "secret.js"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    folder = tmp_path / "page"
    assert find_file(folder, "a.js") == folder / "a.js"
    wrong = [".a.js", "notes", "b.js", "", ".", "../secret.js", "./a.js", "a.js/", "/a.js", "..",
             "x\\..\\a.js", str(tmp_path / "secret.js"), "a.js\0"]  # fmt: skip
    assert [name for name in wrong if find_file(folder, name) is not None] == []


def test_every_shipped_file_has_a_type(visit):
    person = visit()
    names = [path.relative_to(page_folder()) for path in page_folder().rglob("*") if path.is_file()]
    built_with = {".ts", ".sha256"}  # types and the stamp of the build: no page asks for them
    known = MEDIA_TYPES.keys() | built_with
    assert [name for name in names if name.suffix and name.suffix not in known] == []
    for name in names[:5]:
        assert person.http.get(f"/page/{name.as_posix()}").status_code == 200


def test_tracks_come_as_block_and_as_json(visit, small):
    person = visit()
    block = person.http.get("/tracks").content
    assert wire.decode(block)[0] == small.edge_s
    rows = person.http.get("/tracks", params={"format": "json"}).json()
    assert rows == json.loads(to_json(wire.rows(block)))
    assert [row["track"] for row in rows] == [1, 2, 3]
    past = person.http.get("/tracks", params={"time_s": small.edge_s - 100.0}).content
    assert wire.decode(past)[0] == small.edge_s - 100.0


def test_state_is_told_at_the_edge_and_at_a_time(visit, small):
    person = visit()
    small.speed = 30.0
    now = person.http.get("/state").json()
    assert now["time_s"] == now["edge_s"] == small.edge_s
    assert now["start_s"] == small.span_s[0]
    assert now["clock"] == {"speed": 30.0, "paused": False, "live": True}
    assert now["at_edge"] is True
    assert now["lost"] is None
    then = person.http.get("/state", params={"time_s": small.edge_s - 60.0}).json()
    assert (then["time_s"], then["at_edge"]) == (small.edge_s - 60.0, False)


@pytest.mark.parametrize("words", ["now", "nan", "inf", "-1", "1e300", ""])
def test_a_time_that_is_none_is_told(visit, words):
    answer = visit().http.get("/state", params={"time_s": words})
    assert answer.status_code == 400
    assert "not understood" in answer.json()["words"]


def test_details_of_a_track(visit, small):
    person = visit()
    assert person.http.get("/detail/2").json()["known"] is True
    unknown = person.http.get("/detail/99").json()
    assert unknown == {"type": "detail", "track": 99, "time_s": None, "known": False}
    for words in ("x", "-1", str(2**32), "1.5"):
        assert person.http.get(f"/detail/{words}").status_code == 400


def test_an_act_is_handed_on_and_its_verdict_comes_back(visit, small):
    person = visit("operator")
    act = {"verb": "set-identity", "subject": "7", "value": "hostile", "revision": 3}
    answer = person.post("/acts", act)
    assert (answer.status_code, answer.json()) == (
        200, {"accepted": True, "words": "done", "revision": 8},
    )  # fmt: skip
    asked = small.asked[0]
    assert (asked.verb, asked.subject, asked.value, asked.revision) == (
        "set-identity", "7", "hostile", 3,
    )  # fmt: skip


def test_who_comes_second_is_told_who_was_first(visit):
    answer = visit("operator").post("/acts", {"verb": "release", "subject": "7", "revision": 0})
    assert answer.status_code == 409
    assert answer.json() == {
        "accepted": False, "words": "A. Kaur released it at 19:31:02", "revision": 7,
    }  # fmt: skip


def test_gets_do_nothing(visit, small):
    person = visit()
    assert person.http.get("/acts").status_code == 405
    assert person.http.get("/clock").status_code == 405
    assert person.post("/state", {}).status_code == 405
    assert (small.asked, small.clocks) == ([], [])


@pytest.fixture
def layers(tmp_path):
    roads, tiles = tmp_path / "roads.geojson", tmp_path / "land.pmtiles"
    roads.write_text(json.dumps({"type": "FeatureCollection", "features": [FEATURE]}))
    tiles.write_bytes(b"PMTiles\x03" + bytes(range(256)) * 4)
    return roads, tiles


def test_the_users_maps_are_named_and_sent(visit, layers):
    person = visit(layers=layers)
    with person.socket() as page:
        assert page.next("hello")["layers"] == [
            {"name": "roads", "url": "/layers/0", "kind": "geojson"},
            {"name": "land", "url": "/layers/1", "kind": "pmtiles"},
        ]
    roads = person.http.get("/layers/0")
    assert roads.headers["content-type"] == "application/geo+json"
    assert roads.json()["features"] == [FEATURE]
    for wrong in ("2", "-1", "x", "0.0", "00", "\u0661"):
        assert person.http.get(f"/layers/{wrong}").status_code == 404


def test_tiles_are_sent_in_part(visit, layers):
    person = visit(layers=layers)
    whole = layers[1].read_bytes()
    part = person.http.get("/layers/1", headers={"Range": "bytes=8-39"})
    assert (part.status_code, part.content) == (206, whole[8:40])
    assert part.headers["content-range"] == f"bytes 8-39/{len(whole)}"
    last = person.http.get("/layers/1", headers={"Range": "bytes=-10"})
    assert (last.status_code, last.content) == (206, whole[-10:])
    beyond = person.http.get("/layers/1", headers={"Range": f"bytes={len(whole)}-"})
    assert beyond.status_code == 416


NO_GEOJSON = [
    ("", "no JSON"), ("{", "no JSON"), ("[NaN]", "no JSON"), ("[" * 200_000, "no JSON"),
    ("[]", "no type"), ('{"type": "Topology"}', "'Topology'"),
    ('{"type": "FeatureCollection"}', "without a list"),
    ('{"type": "FeatureCollection", "features": [7]}', "no Feature"),
    ('{"type": "Feature", "geometry": {"type": "Circle"}}', "'Circle'"),
    ('{"type": "Point", "coordinates": 7}', "without coordinates"), ("\xff", "no JSON"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), NO_GEOJSON, ids=[text[:30] for text, _ in NO_GEOJSON])
def test_a_file_that_is_no_geojson_is_told_with_its_name_and_a_remedy(tmp_path, text, words):
    path = tmp_path / "roads.geojson"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match=r"roads\.geojson.*export it again") as caught:
        open_layers([path])
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "held",
    [POINT, FEATURE, {**FEATURE, "geometry": None},
     {"type": "GeometryCollection", "geometries": [POINT]},
     {"type": "FeatureCollection", "features": []}],
)  # fmt: skip
def test_every_kind_of_geojson_is_a_layer(tmp_path, held):
    path = tmp_path / "map.json"
    path.write_text(json.dumps(held))
    assert open_layers([path])[0].kind == "geojson"


def test_a_file_of_another_sort_is_told(tmp_path):
    tiles, image, large = (tmp_path / name for name in ("a.pmtiles", "a.tif", "a.geojson"))
    tiles.write_bytes(b"PMTiles\x02")
    image.write_bytes(b"II*\0")
    with large.open("wb") as file:
        file.truncate(LARGEST_GEOJSON + 1)
    with pytest.raises(UsageError, match=r"a\.pmtiles.*version 3"):
        open_layers([tiles])
    with pytest.raises(UsageError, match=r"a\.tif.*convert"):
        open_layers([image])
    with pytest.raises(UsageError, match=r"a\.geojson.*64.*PMTiles"):
        open_layers([large])
    with pytest.raises(UsageError, match=r"lost\.geojson.*--layer"):
        open_layers([tmp_path / "lost.geojson"])
    with pytest.raises(UsageError, match=r"--layer"):
        open_layers([_folder(tmp_path / "folder.geojson")])


def _folder(path):
    path.mkdir()
    return path
