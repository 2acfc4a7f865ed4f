"""``chowki alerts``, and what ``chowki run`` leaves in ``alerts``: valid, and the same bytes."""

from __future__ import annotations

import json
from xml.etree import ElementTree as Tree

import pytest
import xmlschema

NS = "{urn:oasis:names:tc:emergency:cap:1.2}"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Return the folder of a short run of one site under attack."""
    from chowki import run

    folder = tmp_path_factory.mktemp("alerts") / "run"
    run.run("single-site", seed=3, until_s=330.0, out=folder)
    return folder


def documents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.xml"))}


def statuses(folder):
    return {e.text for text in documents(folder).values()
            for e in Tree.fromstring(text).iter(f"{NS}status")}  # fmt: skip


def test_a_run_leaves_its_alerts_and_each_is_valid(ran, recording):
    schema = xmlschema.XMLSchema(recording("cap/CAP-v1.2.xsd"))
    found = documents(ran / "alerts")
    assert len(found) >= 2
    for content in found.values():
        schema.validate(content.decode())


def test_every_alert_of_a_run_is_an_exercise_and_none_is_left_standing(ran):
    assert statuses(ran / "alerts") == {"Exercise"}
    last = {}
    for name, content in documents(ran / "alerts").items():
        last[name.rsplit("-", 1)[0]] = Tree.fromstring(content).findtext(f"{NS}msgType")
    assert set(last.values()) == {"Cancel"}
    index = json.loads((ran / "alerts" / "index.json").read_text())
    assert next(row["file"] for row in index if row["place"] == "Airport").endswith("-001.xml")


def test_the_command_writes_the_same_bytes_elsewhere(chowki, ran, tmp_path):
    ended = chowki("alerts", ran, "--out", tmp_path / "there", "--json")
    assert ended.code == 0
    told = json.loads(ended.out)
    assert len(told["messages"]) == len(documents(ran / "alerts"))
    assert documents(tmp_path / "there") == documents(ran / "alerts")
    table = chowki("alerts", ran, "--out", tmp_path / "there")
    assert "Exercise" in table.out
    assert "messages in" in table.err


def test_another_run_in_the_folder_replaces_the_alerts(ran, tmp_path):
    from chowki import run
    from chowki.run import Run

    folder = tmp_path / "run"
    run.run("single-site", seed=4, until_s=1.0, out=folder, report=False)
    stale = folder / "alerts" / "chowki-0-00001-001.xml"
    stale.parent.mkdir()
    stale.write_text("<alert/>")
    assert Run(folder).alerts() == []
    assert not stale.exists()


@pytest.mark.parametrize(
    "arguments",
    [("--status", "Actual"), ("--actual",), ("--no-exercise",), ("Actual",)],
    ids=" ".join,
)
def test_no_option_makes_an_alert_actual(chowki, ran, tmp_path, arguments):
    ended = chowki("alerts", ran, *arguments, "--out", tmp_path)
    assert ended.code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["alerts.status=Actual", "warning.status=Actual", "status=Actual"])
def test_no_key_of_a_scenario_makes_an_alert_actual(chowki, tmp_path, key):
    assert chowki("run", "single-site", "--set", key, "--out", tmp_path / "run").code == 3


def test_a_scenario_called_actual_still_gives_exercises(chowki, tmp_path):
    evil = "name=Actual</note><status>Actual</status>"
    ended = chowki(
        "run", "single-site", "--seed", "3", "--set", evil, "--until", "330", "--out",
        tmp_path / "run", "-q",
    )  # fmt: skip
    assert ended.code in (0, 3)
    assert statuses(tmp_path / "run" / "alerts") <= {"Exercise"}
    if ended.code == 0:
        assert statuses(tmp_path / "run" / "alerts") == {"Exercise"}
