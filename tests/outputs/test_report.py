"""The page is one offline file, carries what it shows, and is the same each time."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from chowki.core.errors import OutputError
from chowki.outputs.evidence import column
from chowki.outputs.report import page, write_report
from chowki.outputs.report.trails import ROWS_MAX, trails
from chowki.outputs.score import score, score_reports
from chowki.outputs.sitrep import situation

VOID = {"meta", "input", "br", "link", "img", "hr"}


class Reader(HTMLParser):
    """Collects elements, checks that they close, and keeps the text of scripts."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.references, self.scripts = [], [], [], []

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.ids.append(told.get("id"))
        self.references += [v for k, v in attrs if k in ("src", "href", "srcset", "data", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)


def read(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def made(recording):
    return page(recording, situation(recording), score(recording) or score_reports(recording))


@pytest.fixture
def html(workshop):
    return made(workshop.raid().recording())


def scene_of(html):
    return json.loads(read(html).scripts[0])


def test_needs_nothing_from_anywhere(html):
    assert read(html).references == []
    assert not re.search(r"https?://|//[a-z]+\.|@import|url\(|fetch\(|XMLHttp|import\(", html)


def test_every_element_that_the_script_asks_for_is_there(html):
    ids = [one for one in read(html).ids if one]
    assert len(ids) == len(set(ids))
    wanted = set(re.findall(r'by\("([\w-]+)"\)', html)) - {"boardtime"}
    assert wanted <= set(ids)


def test_same_recording_gives_the_same_bytes(workshop, html):
    assert made(workshop.raid().recording()) == html


def test_says_that_it_is_a_model_and_no_statement_on_borders(html):
    assert "Exercise: simulated" in html
    assert "Outcomes are a model" in html
    assert "no statement on any boundary" in html
    assert "ground: constant, mask: no" in html


def test_names_are_escaped(workshop):
    story = workshop.raid()
    story.towns = (("<b>Al</b>&co</script>", *story.towns[0][1:]), *story.towns[1:])
    html = made(story.recording())
    assert "<b>Al" not in html
    assert "&lt;b&gt;Al" in html
    assert scene_of(html)["places"][0]["name"] == "<b>Al</b>&co</script>"


def unpack(text, dtype):
    return np.frombuffer(base64.b64decode(text), dtype)


def test_tracks_come_back_where_they_were(workshop):
    recording = workshop.raid().recording()
    start_s = workshop.start_s
    told = trails(recording.tracks, start_s, start_s + 1200.0)
    starts, number = unpack(told["start"], "<u4"), unpack(told["number"], "<u4")
    step = np.repeat(unpack(told["step_m"], "<f4"), np.diff(starts))
    east = np.repeat(unpack(told["east0_m"], "<f4"), np.diff(starts)) + step * unpack(
        told["east"], "<u2"
    )
    time_s = start_s + told["time_step_s"] * unpack(told["time"], "<u2")
    table = recording.tracks
    known = {
        (int(n), round(float(t))): e
        for n, t, e in zip(
            column(table, "track"), column(table, "time_s"), column(table, "east_m"), strict=True
        )
    }
    of_row = np.repeat(number, np.diff(starts))
    assert set(number.tolist()) == set(column(table, "track").tolist())
    for n, t, e in zip(of_row, time_s, east, strict=True):
        assert known[(int(n), round(float(t)))] == pytest.approx(float(e), abs=3.0)


def test_thinning_keeps_ends_and_stays_small(workshop):
    story = workshop.Story(period_s=1.0, duration_s=4000.0)
    story.flights = [
        workshop.Flight(k % 5, starts_s=k, arrives_s=3900.0, speed_mps=12.0) for k in range(80)
    ]
    table = story.recording().tracks
    assert table.num_rows > ROWS_MAX
    told = trails(table, workshop.start_s, workshop.start_s + 4000.0)
    starts, time = unpack(told["start"], "<u4"), unpack(told["time"], "<u2") * told["time_step_s"]
    assert len(time) <= ROWS_MAX
    assert time[starts[:-1]].tolist() == [float(k) for k in range(80)]
    assert set(time[starts[1:] - 1].tolist()) == {3900.0}


def test_reasons_are_words(html):
    assert "no transponder, crossed the border" in scene_of(html)["tracks"]["reasons"][0]


def test_scene_holds_outcomes_leakers_and_warnings(html):
    scene = scene_of(html)
    assert [row[0] for row in scene["leakers"]] == [1001, 1101]
    assert sorted(scene["states"][row[3]] for row in scene["outcomes"]) == [
        "intercepted", "intercepted", "missed",
    ]  # fmt: skip
    assert [0, 500, 530, 1] in scene["warnings"]
    assert [0, 530, 900, 2] in scene["warnings"]


@pytest.mark.parametrize("simulated", [True, False])
def test_an_empty_recording_has_a_page(workshop, simulated):
    html = made(workshop.Story(simulated=simulated, towns=()).recording())
    read(html)
    assert "places with drones" not in html


def test_a_feed_shows_its_own_scores_and_no_engagement(workshop):
    story = workshop.raid()
    story.simulated, story.engagements, story.refusals = False, [], []
    html = made(story.recording())
    assert "Recorded feed" in html
    assert "identity switches" in html
    assert "Refused by the rules" not in html


def test_is_written_whole_or_not_at_all(workshop, tmp_path):
    recording = workshop.raid().recording()
    report = situation(recording)
    path = tmp_path / "report.html"
    write_report(recording, report, None, path)
    assert path.read_text("utf-8").endswith("</html>\n")
    with pytest.raises(OutputError, match=r"nowhere.*cannot be written"):
        write_report(recording, report, None, tmp_path / "nowhere" / "report.html")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
