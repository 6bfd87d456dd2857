from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest

from needle_sim.anatomy.finding import Finding
from needle_sim.cli.anatomy_out import check_meshes, in_words, say, write_anatomy
from needle_sim.errors import MissingExtraError
from tests.anatomy.small_patient import small_patient


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    return folder, write_anatomy(small_patient(), folder, meshes=True)


def test_pictures_tables_volumes_and_meshes_are_written(written):
    folder, made = written
    names = {path.relative_to(folder).as_posix() for path in made}
    assert {"overview.png", "landmarks.csv", "anatomy.json", "ct.nii.gz", "meshes/L4.stl"} <= names
    assert all(path.is_file() for path in made)


def test_the_words_tell_rms_sources_notes_and_where(written):
    folder, made = written
    said = "\n".join(in_words(small_patient(), folder, made))
    for words in (
        "small: L4, L5",
        "Surface RMS   L4 1.2, L5 2.5 mm",
        "Structures    1 inferred, 1 measured; 0 spaces",
        "levels are counted",
        f"{len(made)} files, 4 of them meshes: {folder}",
        "Not for clinical use",
    ):
        assert words in said


def test_json_holds_what_is_known_and_the_files(written, capsys):
    folder, made = written
    say(small_patient(), folder, made, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "needle_sim.anatomy/1"
    assert len(found["files"]) == len(made)


def test_meshes_that_cannot_be_made_are_refused_with_both_ways_out(monkeypatch):
    check_meshes(meshes=True)
    monkeypatch.setitem(sys.modules, "skimage.measure", None)
    check_meshes(meshes=False)
    with pytest.raises(MissingExtraError, match=r"needle-sim\[mesh\]'; or add --no-meshes"):
        check_meshes(meshes=True)


class Wart:
    """A pathology of 2 mm that measures 1.9."""

    kind, where = "wart", "L4"

    def measured(self, anatomy):
        return (Finding("wart", "L4", "size", "mm", 2.0, 1.9),)


def test_findings_are_told_as_asked_for_and_as_measured(written, capsys):
    folder, made = written
    anatomy = replace(small_patient(), pathology=(Wart(),))

    assert "Finding       wart L4: size 1.9 mm (2 asked for)" in in_words(anatomy, folder, made)
    say(anatomy, folder, made, as_json=True)
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert (found["requested"], found["measured"]) == (2.0, 1.9)
