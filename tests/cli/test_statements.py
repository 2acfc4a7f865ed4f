"""``dossier``, ``notice``, ``keygen`` and ``verify`` of a notice, as a user meets them."""

from __future__ import annotations

import json
import os
import stat

import pytest

from chowki import run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("told") / "run"
    run("single-site", seed=3, out=folder, until_s=160.0, report=False)
    return folder


@pytest.mark.parametrize("command", ["dossier", "notice", "keygen", "verify"])
def test_every_command_explains_itself(chowki, command):
    ended = chowki(command, "--help")
    assert ended.code == 0
    assert f"Usage: chowki {command}" in ended.out


def test_incidents_are_listed_and_each_has_a_dossier(chowki, folder):
    rows = json.loads(chowki("dossier", folder, "--list", "--json").out)
    kinds = {row["kind"] for row in rows}
    assert kinds >= {"refusal", "incursion"}
    assert chowki("dossier", folder).out == chowki("dossier", folder, "--list").out
    only = json.loads(chowki("dossier", folder, "--kind", "incursion", "--json").out)
    assert only == [row for row in rows if row["kind"] == "incursion"]
    refusal = next(row for row in rows if row["kind"] == "refusal")
    ended = chowki("dossier", folder, "--engagement", refusal["engagement"], "--json")
    assert json.loads(ended.out)["incident"]["track"] == refusal["track"]


def test_a_dossier_is_text_json_or_a_page_by_its_name(chowki, folder, tmp_path):
    track = json.loads(chowki("dossier", folder, "--kind", "incursion", "--json").out)[0]["track"]
    shown = chowki("dossier", folder, "--track", track)
    assert (shown.code, shown.err) == (0, "")
    assert f"Of track {track}; times are UTC" in shown.out
    for name in ("d.txt", "d.json", "d.html"):
        ended = chowki("dossier", folder, "--track", track, "--out", tmp_path / name)
        assert (ended.code, ended.out, ended.err) == (0, "", f"Written: {tmp_path / name}\n")
    assert (tmp_path / "d.txt").read_text() == shown.out
    assert json.loads((tmp_path / "d.json").read_text())["incident"]["track"] == track
    assert (tmp_path / "d.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--track", "987654"), 2, "track 987654 is not on record"),
        (("--engagement", "987654"), 2, "engagement 987654 is not on record"),
        (("--track", "1", "--engagement", "1"), 2, "name one of them"),
        (("--kind", "parade"), 2, "one of incursion, engagement"),
    ],
)
def test_a_dossier_of_what_is_not_there_is_said(chowki, folder, arguments, code, words):
    ended = chowki("dossier", folder, *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert words in ended.err


@pytest.mark.parametrize("command", ["dossier", "notice"])
def test_a_folder_that_is_no_run_is_said(chowki, tmp_path, command):
    ended = chowki(command, tmp_path)
    assert ended.code == 4
    assert "no journal here" in ended.err


def test_a_notice_is_signed_and_verified(chowki, folder, tmp_path):
    made = chowki("keygen", tmp_path / "key")
    assert made.code == 0
    assert stat.S_IMODE(os.stat(tmp_path / "key").st_mode) == 0o600
    told = chowki("notice", folder, "--key", tmp_path / "key")
    assert told.code == 0
    assert told.out == (folder / "notice.txt").read_text()
    assert "STATEMENT OF FACTS" in told.out
    ended = chowki("verify", folder / "notice.json")
    assert ended.code == 0
    assert "the signature holds" in ended.out
    assert "nobody vouches for this key" in ended.out
    assert made.out.split()[-1] in ended.out
    ended = chowki("verify", folder / "notice.json", "--key", tmp_path / "key.pub", "--json")
    assert json.loads(ended.out)["vouched"] is True
    assert chowki("verify", folder).out == f"{folder}: whole\n"


def test_a_notice_that_does_not_hold_ends_with_the_code_of_damage(chowki, folder, tmp_path):
    chowki("keygen", tmp_path / "key")
    path = tmp_path / "n.json"
    chowki("notice", folder, "--key", tmp_path / "key", "--out", path)
    path.write_text(path.read_text().replace("Exercise", "Exercize"))
    ended = chowki("verify", path)
    assert (ended.code, ended.out) == (4, "")
    assert ended.err == (
        f"chowki: {path}: the signature does not fit the notice: one of them was changed after "
        "signing\n"
    )
    ended = chowki("verify", path, "--json")
    assert ended.code == 4
    assert json.loads(ended.out)["holds"] is False


def test_ways_to_put_them_together_wrongly(chowki, folder, tmp_path):
    chowki("keygen", tmp_path / "key")
    again = chowki("keygen", tmp_path / "key")
    assert again.code == 6
    assert "never overwritten" in again.err
    (tmp_path / "key").chmod(0o640)
    loose = chowki("notice", folder, "--key", tmp_path / "key", "--out", tmp_path / "n.json")
    assert loose.code == 2
    assert "chmod 600" in loose.err
    absent = chowki("notice", folder, "--key", tmp_path / "none", "--out", tmp_path / "n.json")
    assert absent.code == 2
    assert "chowki keygen FILE" in absent.err
    assert chowki("notice", folder, "--out", tmp_path / "n.txt").code == 2
    assert chowki("verify", folder, "--key", tmp_path / "key.pub").code == 2
    assert chowki("verify", tmp_path / "none.json").code == 4
    assert not (tmp_path / "n.json").exists()


def test_an_unsigned_notice_is_written_with_a_remark(chowki, folder, tmp_path):
    ended = chowki("notice", folder, "--out", tmp_path / "n.json")
    assert ended.code == 0
    assert "not signed: make a key with chowki keygen FILE" in ended.err
    assert "NOT SIGNED" in ended.out
