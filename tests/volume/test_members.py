"""Files come one at a time from folders, lists and zips; what is too large is refused."""

from __future__ import annotations

import zipfile

import pytest

from needle_sim.errors import InputError
from needle_sim.volume import members as room
from needle_sim.volume.members import members


def content(member):
    with member.open() as stream:
        return stream.read()


def test_a_folder_gives_all_files_below_it_by_name(tmp_path):
    for name in ("b/2", "b/1", "a", "c/d/e"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    with members(tmp_path) as found:
        assert [one.name for one in found] == ["a", "b/1", "b/2", "c/d/e"]
        assert [content(one).decode() for one in found] == [one.name for one in found]
        assert [one.size_bytes for one in found] == [1, 3, 3, 5]


def test_a_link_back_up_does_not_loop(tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    with members(tmp_path) as found:
        assert [one.name for one in found] == ["a"]


def test_a_zip_gives_its_members_and_writes_nothing(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../../outside", "b")
        archive.writestr("deep/", "")
        archive.writestr("deep/file", "a")
    with members(tmp_path / "a.zip") as found:
        assert [(one.name, content(one)) for one in found] == [
            ("../../outside", b"b"),
            ("deep/file", b"a"),
        ]
    assert [path.name for path in tmp_path.rglob("*")] == ["a.zip"]


def test_a_zip_bomb_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(10_000_000))
    with (
        pytest.raises(InputError, match=r"a.zip holds \d+ times its packed size; at most 300"),
        members(tmp_path / "a.zip"),
    ):
        pass


@pytest.mark.parametrize(
    ("limit", "words"), [("MOST_FILES", "2 files; at most 1"), ("MOST_ZIP_BYTES", "2 bytes unp")]
)
def test_a_zip_beyond_its_limits_is_refused(tmp_path, monkeypatch, limit, words):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", "a")
        archive.writestr("b", "b")
    monkeypatch.setattr(room, limit, 1)
    with pytest.raises(InputError, match=words), members(tmp_path / "a.zip"):
        pass


def test_a_folder_of_too_many_files_is_refused(tmp_path, monkeypatch):
    for name in "ab":
        (tmp_path / name).touch()
    monkeypatch.setattr(room, "MOST_FILES", 1)
    with pytest.raises(InputError, match="more than 1 files"), members(tmp_path):
        pass


def test_an_encrypted_or_damaged_zip_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "secret")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag of encryption in the directory
    path.write_bytes(data)
    with pytest.raises(InputError, match="a is encrypted; unpack it first"), members(path):
        pass
    data[data.index(b"PK\x01\x02")] = 0
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a.zip is a damaged zip"), members(path):
        pass


def test_a_missing_path_and_a_folder_in_a_list_are_refused(tmp_path):
    for path in (tmp_path / "none", [tmp_path / "none"]):
        with pytest.raises(InputError, match=r"none cannot be read \(No such file"), members(path):
            pass
    with pytest.raises(InputError, match="is a folder inside a list"), members([tmp_path]):
        pass
