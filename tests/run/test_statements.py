"""Dossier and notice of a recorded run: the figures are the tables', and a notice is provable."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

import chowki
from chowki.core.errors import JournalError, NoticeError, UsageError
from chowki.outputs.dossier import dossier, incidents
from chowki.outputs.recording import Recording
from chowki.outputs.signature import make_key
from chowki.run import verify, verify_notice, write_notice


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return a run of 200 s: drones crossed, were engaged, and some were stopped."""
    folder = tmp_path_factory.mktemp("statements") / "run"
    chowki.run("single-site", seed=3, out=folder, until_s=200.0, report=False)
    return folder


@pytest.fixture(scope="module")
def key(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "key"
    make_key(path)
    return path


@pytest.fixture
def copy(folder, tmp_path) -> Path:
    """Return a copy of the run that a test may spoil."""
    return Path(shutil.copytree(folder, tmp_path / "run"))


@pytest.fixture
def signed(copy, key) -> Path:
    return write_notice(copy, key)[0]


@pytest.fixture(scope="module")
def ask(folder):
    """Return a function that asks the Parquet tables, without chowki."""
    base = duckdb.connect()
    for name in ("tracks", "engagements", "detections", "threats"):
        base.sql(f"create view {name} as select * from '{folder}/tables/{name}/*.parquet'")
    return lambda question: base.sql(question).fetchall()


def spoil(path, **changes):
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, **changes}))


def test_the_dossier_says_what_the_tables_say(folder, ask):
    recording = Recording(folder)
    engaged = ask("select distinct track from engagements where state = 2 order by track")
    assert len(engaged) > 3
    for (track,) in engaged:
        found = dossier(recording, track)
        told = found["track"]
        [(rows, first, updates, sensors, crossed)] = ask(
            f"select count(*), min(first_s), max(updates), max(sensors), min(crossed_border_s) "
            f"from tracks where track = {track}"
        )
        assert len(told["pictures"]) == rows
        assert told["detections_contributed"] == updates
        assert told["sensors_contributed"] == sensors
        assert (told["crossed_border"] is None) == np.isnan(crossed)
        orders = ask(f"select count(*) from engagements where track = {track} and state = 2")
        steps = [s["state"] for e in found["engagements"] for s in e["steps"]]
        assert steps.count("ordered") == orders[0][0]
        refused = ask(f"select count(*) from engagements where track = {track} and state = 0")
        assert sum(
            one["times"] for one in found["refusals"] if "before" in one["by"]
        ) == refused[0][0]  # fmt: skip
        spent = ask(
            f"select sum(r) from (select max(rounds) r from engagements where track = {track} "
            "and state > 1 group by engagement)"
        )
        assert sum(e["rounds"] for e in found["engagements"]) == (spent[0][0] or 0)
        likeliest = ask(f"select max(probability) from threats where track = {track}")[0][0]
        if found["threats"]:
            peak = found["threats"][0]["at_its_highest"]["probability"]
            assert peak == pytest.approx(likeliest, abs=6e-4)
        assert first <= ask(f"select min(time_s) from tracks where track = {track}")[0][0]


def test_plots_that_fit_are_about_as_many_as_the_tracker_used(folder, ask):
    """The tracker's own count, over the tracks that were engaged: within a quarter."""
    recording = Recording(folder)
    ratios = []
    for (track,) in ask("select distinct track from engagements where state = 2"):
        found = dossier(recording, track)
        plots = sum(one["plots"] for one in found["sensors"])
        ratios.append(plots / found["track"]["detections_contributed"])
    assert 0.9 < np.median(ratios) < 1.25


def test_incidents_are_those_of_the_tables(folder, ask):
    found = incidents(Recording(folder))
    refused = ask("select count(*) from engagements where state = 0")[0][0]
    ordered = ask("select count(distinct engagement) from engagements where state = 2")[0][0]
    assert sum(one.kind == "refusal" for one in found) == refused
    assert sum(one.kind in ("engagement", "intercept") for one in found) == ordered


def test_neither_reads_the_table_of_truth(copy):
    """The same bytes when truth is another, and when its table cannot be read at all."""
    recording = Recording(copy)
    track = next(one.track for one in incidents(recording) if one.kind == "intercept")

    def told():
        from chowki.outputs.notice import notice, statement

        fresh = Recording(copy)
        facts = notice(fresh, "00" * 32)
        return json.dumps([dossier(fresh, track), facts]) + statement(facts)

    before = told()
    for path in (copy / "tables" / "truth").glob("*.parquet"):
        table = pq.read_table(path)
        pq.write_table(table.slice(0, table.num_rows // 3), path)
    assert told() == before
    for path in (copy / "tables" / "truth").glob("*.parquet"):
        path.write_bytes(b"nothing")
    assert told() == before


def test_a_notice_lies_outside_the_digest_and_holds(signed, copy, key):
    assert verify(copy) == []
    assert signed == copy / "notice.json"
    checked = verify_notice(signed)
    assert (checked.vouched, checked.journal, checked.text) == (False, str(copy), True)
    assert checked.chain_head == json.loads((copy / "manifest.json").read_text())["digest"]
    assert verify_notice(signed, Path(f"{key}.pub")).vouched


def test_a_notice_holds_away_from_its_run_without_the_journal(signed, tmp_path, copy):
    away = tmp_path / "away.json"
    shutil.copy(signed, away)
    checked = verify_notice(away)
    assert (checked.journal, checked.text) == (None, None)
    assert verify_notice(away, journal=copy).journal == str(copy)
    assert verify_notice(away, journal=copy / "journal").journal == str(copy)


def test_the_same_run_gives_the_same_notice_to_the_last_byte(copy, folder, key, tmp_path):
    """Ed25519 draws nothing, and nothing in it tells when it was written."""
    first, _ = write_notice(copy, key)
    second, _ = write_notice(folder, key, tmp_path / "notice.json")
    assert first.read_bytes() == second.read_bytes()
    assert first.with_suffix(".txt").read_bytes() == second.with_suffix(".txt").read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"statement": "nothing crossed"},
        {"crossings": {"count": 0}},
        {"status": "Test"},
        {"more": 1},
        {"run": {"version": "0.1.0", "chain_head": "00" * 32}},
    ],
)
def test_a_changed_notice_is_found(signed, change):
    spoil(signed, **change)
    with pytest.raises(NoticeError, match=r"notice\.json: the signature does not fit the notice"):
        verify_notice(signed)


def test_a_notice_by_another_key_is_found(signed, tmp_path):
    make_key(tmp_path / "other")
    with pytest.raises(NoticeError, match="signed by another key"):
        verify_notice(signed, tmp_path / "other.pub")


def test_a_notice_that_is_cut_short_is_found_wherever_it_is_cut(signed):
    whole = signed.read_bytes()
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 3):
        signed.write_bytes(whole[:length])
        with pytest.raises(NoticeError, match="is no whole notice"):
            verify_notice(signed)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"format": "chowki-notice/1", "a": 1, "a": 2}', "a key stands in it twice"),
        (b'{"format": "chowki-notice/1", "a": NaN}', "NaN is no number of JSON"),
        (b"[1]", "is no notice of the form"),
        (b'{"format": "chowki-notice/9"}', "is no notice of the form"),
        (b"\xff\xfe\x00", "is no whole notice"),
        (b"[" * 100_000, "is no whole notice"),
        (b'{"format": "chowki-notice/1"}', "the notice is not signed"),
    ],
)
def test_what_is_no_notice_is_said(tmp_path, content, words):
    path = tmp_path / "notice.json"
    path.write_bytes(content)
    with pytest.raises(NoticeError, match=words):
        verify_notice(path)


def test_a_notice_of_another_run_is_found(signed, tmp_path):
    chowki.run("single-site", seed=4, out=tmp_path / "other", until_s=5.0, report=False)
    with pytest.raises(NoticeError, match="it is of another record"):
        verify_notice(signed, journal=tmp_path / "other")


def test_a_journal_that_was_damaged_since_is_found(signed, copy):
    path = next((copy / "journal").glob("*.chowki"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(JournalError):
        verify_notice(signed)
    with pytest.raises(JournalError, match="nothing is stated of it"):
        write_notice(copy)


def test_a_journal_that_was_cut_short_since_is_found(signed, copy):
    path = max((copy / "journal").glob("*.chowki"))
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(NoticeError, match="it is of another record"):
        verify_notice(signed)


def test_a_text_that_is_not_the_statement_is_found(signed):
    text = signed.with_suffix(".txt")
    text.write_text(text.read_text().replace("crossed", "strayed", 1))
    with pytest.raises(NoticeError, match="is not the statement that was signed"):
        verify_notice(signed)
    text.unlink()
    assert verify_notice(signed).text is None


def test_a_notice_without_a_key_says_that_it_proves_nothing(copy):
    path, document = write_notice(copy)
    assert "signature" not in document
    assert "NOT SIGNED" in path.with_suffix(".txt").read_text()
    with pytest.raises(NoticeError, match="the notice is not signed"):
        verify_notice(path)


def test_a_key_that_others_can_read_signs_nothing(copy, key, tmp_path):
    loose = tmp_path / "loose"
    shutil.copy(key, loose)
    loose.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        write_notice(copy, loose)
    assert not (copy / "notice.json").exists()


def test_a_new_recording_takes_the_notice_of_the_old_one_away(signed, copy):
    chowki.run("single-site", seed=4, out=copy, until_s=5.0, report=False)
    assert not signed.exists()
    assert not signed.with_suffix(".txt").exists()
