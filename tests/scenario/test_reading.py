"""Bad input: every problem at once, each with file, key, what was found and what is allowed."""

from __future__ import annotations

import pytest

from chowki import scenario
from chowki.core.errors import ScenarioError


def only(found):
    assert len(found) == 1, [str(problem) for problem in found]
    return found[0]


def test_an_unknown_key_is_refused_with_the_likely_one(problems):
    problem = only(problems(("loss = 0.01", "los = 0.01")))
    assert problem.key == "links.radio.los"
    assert problem.found == "an unknown key"
    assert "loss" in problem.allowed
    assert problem.hint == "did you mean loss?"
    assert problem.file.endswith("test.toml")


def test_an_unknown_section_is_refused(problems):
    problem = only(problems(("[weather]", "[wether]")))
    assert (problem.key, problem.hint) == ("wether", "did you mean weather?")


def test_an_unknown_parameter_of_a_sensor_is_refused_by_its_own_model(problems):
    problem = only(problems(("remote_id = true", "remote_idd = true")))
    assert problem.key == "sensors[3].parameters.remote_idd"
    assert problem.hint == "did you mean remote_id?"


def test_an_unknown_parameter_of_an_effector_is_refused_by_its_own_model(problems):
    problem = only(problems(('{ kind = "jammer" }', '{ kind = "jammer", magazin = 3 }')))
    assert problem.key == "effectors[1].parameters.magazin"
    assert problem.hint == "did you mean magazine?"


def test_a_value_out_of_range_names_the_range(problems):
    problem = only(problems(("visibility = 1.0", "visibility = 1.5")))
    assert (problem.key, problem.found) == ("weather.visibility", "1.5")
    assert "less than or equal to 1" in problem.allowed


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("duration_s = 600", "duration_s = -1"), "station.duration_s"),
        (("duration_s = 600", "duration_s = nan"), "station.duration_s"),
        (("lat_deg = 27.62\nlon_deg = 77.13\nheight", "lat_deg = 91\nlon_deg = 77.13\nheight"),
         "station.lat_deg"),
        (('start = "2025-05-09T10:00:00Z"', 'start = "yesterday"'), "station.start"),
        (("loss = 0.01", "loss = 2"), "links.radio.loss"),
        (("delay_s = 0.2", "delay_s = nan"), "links.radio.delay_s"),
        (("speed_mps = [85, 110]", "speed_mps = [110, 85]"),
         "traffic.airliners[1].speed_mps"),
        (("count = 12", "count = -3"), "raid.count"),
        (("away_km = [1, 4]", "away_km = [4, 1]"), "sensors[0]"),
        (('near = "places"\ncount = 2\naway_km = [1, 4]', "count = 2\naway_km = [1, 4]"),
         "sensors[0]"),
    ],
)  # fmt: skip
def test_units_and_ranges_are_checked(problems, change, key):
    assert only(problems(change)).key == key


def test_a_missing_key_says_what_it_means(problems):
    problem = only(problems(("duration_s = 600\n", "")))
    assert (problem.key, problem.found) == ("station.duration_s", "nothing")
    assert "length of the run" in problem.allowed


def test_a_missing_station_is_a_missing_section(tmp_path):
    path = tmp_path / "bare.toml"
    path.write_text("[[sensors]]\nname = 'a'\nmodel = 'radar'\nat = [[1.0, 2.0]]\n")
    with pytest.raises(ScenarioError) as caught:
        scenario.load(path)
    assert [problem.key for problem in caught.value.problems] == ["station"]


def test_every_problem_is_found_at_once(problems):
    found = problems(
        ("loss = 0.01", "los = 0.01"),
        ("visibility = 1.0", "visibility = 1.5"),
        ('link = "radio"\nnear = "places"\ncount = 2\naway_km = [1, 4]',
         'link = "radio"\nnear = "places"\ncount = 2\naway_km = [1, 4]\ncolour = "red"'),
        ('model = "direction-finder"', 'model = "direction-findr"'),
        ('targets = ["Airport"]', 'targets = ["Airprt"]'),
        ("decoy = 0.3", "decoi = 0.3"),
        ("radius_m = 1200", 'radius_m = "far"'),
        more="\n[parts]\nassociator = 'nearest'\n",
    )  # fmt: skip
    keys = {problem.key for problem in found}
    assert {
        "links.radio.los", "weather.visibility", "sensors[0].colour", "sensors[1].model",
        "places.radius_m", "parts.associator",
    } <= keys  # fmt: skip
    assert all(problem.found and problem.allowed for problem in found)


def test_names_that_nothing_has_are_refused_with_the_likely_one(problems):
    found = {
        problem.key: problem.hint
        for problem in problems(
            ('targets = ["Airport"]', 'targets = ["Airprt"]'),
            ("decoy = 0.3", "decoi = 0.3"),
            ('name = "receiver"                # of transponders, and of Remote ID near by\n'
             'model = "ads-b"\nlink = "radio"',
             'name = "receiver"\nmodel = "adsb"\nlink = "rado"'),
            more="\n[parts]\nthreat_model = 'aproach'\n",
        )
    }  # fmt: skip
    assert found == {
        "raid.waves[0].targets[0]": "did you mean Airport?",
        "raid.waves[0].mix.decoi": "did you mean decoy?",
        "sensors[3].model": "did you mean ads-b?",
        "sensors[3].link": "did you mean radio?",
        "parts.threat_model": "did you mean closest-approach?",
    }


def test_a_scenario_without_sensors_is_an_error_with_a_remedy(write):
    text = write().read_text()
    head, tail = text.split("# Positions are given", 1)
    path = write(name="blind")
    path.write_text(head + tail[tail.index("[links.radio]") :])
    with pytest.raises(ScenarioError) as caught:
        scenario.load(path)
    problem = only(caught.value.problems)
    assert problem.key == "sensors"
    assert "chowki new" in problem.hint


def test_sensor_groups_of_no_members_are_no_sensors(write):
    with pytest.raises(ScenarioError):
        scenario.load(write(), [f"sensors.{k}.count=0" for k in range(4)])


def test_a_wave_of_zero_drones_is_allowed(write):
    loaded = scenario.load(write(), ["raid.waves[0].count=0", "raid.count=0"])
    assert loaded.raid.waves[0].count == 0


def test_a_missing_raid_is_allowed(write):
    text = write().read_text()
    before, after = text.split("[raid]", 1)
    path = write(name="peace")
    path.write_text(before + after[after.index("[[traffic.airliners]]") :])
    loaded = scenario.load(path)
    assert loaded.raid.waves == ()
    built = scenario.build(loaded, 1)
    assert built.world is not None
    assert not built.world.truth().attacking.any()


def test_drones_without_a_wave_to_fly_in_are_refused(problems):
    problem = only(problems(overrides=["raid.waves=[]"]))
    assert problem.key == "raid.count"


def test_places_outside_the_area_are_refused(problems):
    found = problems(overrides=["station.reach_km=5"])
    assert {problem.key.split(".")[0].split("[")[0] for problem in found} == {"raid", "traffic"}
    assert all("km from the station" in problem.found for problem in found)


def test_a_place_beyond_the_border_is_refused(problems):
    found = problems(overrides=["places.towns[0].lon_deg=77.0"])
    assert only(found).key == "places.Airport"
    assert "not on the defended side" in only(found).found


def test_a_polygon_that_crosses_itself_is_refused(problems):
    found = problems(
        overrides=["border.line=[[27.0,77.0],[28.0,78.0],[28.0,77.0],[27.0,78.0]]",
                   "border.interior=[]"]
    )  # fmt: skip
    assert "cross" in only(found).found


def test_a_polygon_of_two_corners_is_refused(problems):
    problem = only(problems(overrides=["border.interior=[]"]))
    assert (problem.key, problem.found) == ("border", "2 corners")


def test_without_a_border_everything_is_on_the_defended_side(write):
    loaded = scenario.load(write(), ["border={}"])
    assert scenario.build(loaded, 1).theatre.border_lat_deg.size == 0


def test_along_needs_a_border_and_near_needs_places(problems):
    found = problems(
        ('near = "places"\ncount = 2\naway_km = [1, 4]',
         'along = "border"\ncount = 2\naway_km = [1, 4]'),
        overrides=["border={}"],
    )  # fmt: skip
    assert only(found).key == "sensors[0].along"


def test_a_name_given_twice_is_refused(problems):
    problem = only(problems(('name = "jammer"', 'name = "gun"')))
    assert problem.key == "effectors"
    assert "'gun' 2 times" in problem.found


def test_missing_files_are_named(problems):
    found = problems(
        ("radius_m = 1200", 'radius_m = 1200\nfile = "nowhere.csv"'),
        ("[ground]\nheight_m = 0.0", '[ground]\ngrid_file = "hills.csv"\nheight_m = 0.0'),
    )
    assert {problem.key for problem in found} == {"places.file", "ground.grid_file"}
    assert all("no such file" in problem.found for problem in found)


def test_a_bad_row_of_a_csv_is_named_with_its_line(write, tmp_path):
    rows = "name,lat,lon,kind\nA,27.6,77.2,civil\nB,127.6,77.2,castle\n"
    (tmp_path / "towns.csv").write_text(rows)
    path = write(("radius_m = 1200", 'radius_m = 1200\nfile = "towns.csv"'))
    with pytest.raises(ScenarioError) as caught:
        scenario.load(path)
    found = {(p.file.rsplit("/", 1)[-1], p.key) for p in caught.value.problems}
    assert found == {("towns.csv", "line 3.lat_deg"), ("towns.csv", "line 3.kind")}


def test_places_of_a_csv_join_those_of_the_list(write, tmp_path):
    (tmp_path / "towns.csv").write_text(
        "name,lat,lon,radius_m,population\nA,27.6,77.2,,5\nB,27.7,77.2,900,0\n"
    )
    path = write(("radius_m = 1200", 'radius_m = 1200\nfile = "towns.csv"\nonly = ["B"]'))
    places = scenario.build(scenario.load(path), 1).theatre.places
    assert [(p.name, p.radius_m, p.index) for p in places] == [
        ("B", 900.0, 0),
        ("Airport", 1200.0, 1),
    ]


def test_a_name_that_the_csv_does_not_hold_is_refused(write, tmp_path):
    (tmp_path / "towns.csv").write_text("name,lat,lon,population\nAgra,27.6,77.2,0\n")
    path = write(("radius_m = 1200", 'radius_m = 1200\nfile = "towns.csv"\nonly = ["Agr"]'))
    with pytest.raises(ScenarioError) as caught:
        scenario.load(path)
    assert only(caught.value.problems).hint == "did you mean Agra?"


def test_a_height_grid_is_read(write, tmp_path):
    (tmp_path / "hills.csv").write_text("lat,77,78\n27,100,200\n28,300,400\n")
    path = write(("[ground]\nheight_m = 0.0", '[ground]\ngrid_file = "hills.csv"\nheight_m = 0.0'))
    ground = scenario.build(scenario.load(path), 1).theatre.ground
    assert ground.described == "grid"
    assert ground.height_m.tolist() == [[100.0, 200.0], [300.0, 400.0]]


@pytest.mark.parametrize(
    "text", ["lat,77,78\n27,100\n28,300,400\n", "lat,78,77\n27,1,2\n28,3,4\n", "lat,77\n27,x\n", ""]
)
def test_a_bad_height_grid_is_refused(write, tmp_path, text):
    (tmp_path / "hills.csv").write_text(text)
    path = write(("[ground]\nheight_m = 0.0", '[ground]\ngrid_file = "hills.csv"\nheight_m = 0.0'))
    with pytest.raises(ScenarioError) as caught:
        scenario.load(path)
    assert only(caught.value.problems).file.endswith("hills.csv")


def test_what_is_no_toml_is_refused_with_its_line(tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text("a = = 1\n")
    with pytest.raises(ScenarioError) as caught:
        scenario.load(path)
    assert "line 1" in only(caught.value.problems).found


def test_what_is_no_text_is_refused(tmp_path):
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScenarioError):
        scenario.load(path)


def test_a_scenario_that_is_not_there(tmp_path):
    with pytest.raises(ScenarioError) as caught:
        scenario.load("second-wav")
    assert only(caught.value.problems).hint == "did you mean second-wave?"
    with pytest.raises(ScenarioError, match="no such file"):
        scenario.load(tmp_path / "none.toml")


def test_a_section_of_the_wrong_kind_is_no_traceback(problems):
    for text in ("raid=3", "sensors=3", "places=[1]", "links=[2]", "sensors=[3]", "station='x'"):
        assert problems(overrides=[text])


def test_parts_of_picture_and_defence_are_checked_by_their_own_models(problems):
    found = problems(overrides=["picture.gate_probability=2", "defence.rules.harm_maxx=1"])
    assert {problem.key for problem in found} == {
        "picture.gate_probability", "defence.rules.harm_maxx",
    }  # fmt: skip
