"""The wheel, installed elsewhere under a home that cannot be written to, is the whole program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import textwrap
import tomllib
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _pip(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # the build backend of this environment is the one that pyproject.toml pins (tested below)
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A new environment that holds the wheel; it borrows the dependencies, never the checkout."""
    home = tmp_path_factory.mktemp("elsewhere") / "env"
    venv.create(home, with_pip=False, symlinks=os.name != "nt")
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / ("python.exe" if os.name == "nt" else "python")
    _pip("--python", str(python), "install", "--no-deps", "--no-index", "--no-compile", str(wheel))
    package = _package(home)
    # a folder named in a .pth file is searched, but its own .pth files (the checkout's) are not run
    ours = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (package.parent / "borrowed.pth").write_text("\n".join(sorted(ours)) + "\n", encoding="utf-8")
    # nobody, root included, can write a compile cache where a file stands in place of the folder
    for folder in {path.parent for path in package.rglob("*.py")}:
        (folder / "__pycache__").write_text("", encoding="utf-8")
    return python


def _package(home: Path) -> Path:
    (found,) = home.rglob("site-packages/needle_sim/__init__.py")
    return found.parent


def _run(python: Path, program: str, tmp_path: Path) -> dict:
    """The JSON that a program prints, run from an empty folder under a home that is a file."""
    no_home = tmp_path / "home"
    no_home.write_text("", encoding="utf-8")
    keep = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "TMPDIR")
    settings = {key: os.environ[key] for key in keep if key in os.environ}
    settings |= {"HOME": str(no_home), "USERPROFILE": str(no_home), "XDG_CACHE_HOME": str(no_home)}
    settings |= {"MPLCONFIGDIR": str(tmp_path / "mpl")}
    (tmp_path / "work").mkdir()
    done = subprocess.run(
        [str(python), "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path / "work",
        env=settings,
    )
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout.splitlines()[-1]), "stderr": done.stderr}


def test_the_build_backend_here_is_the_pinned_one():
    (required,) = PYPROJECT["build-system"]["requires"]

    assert required in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()


def test_every_shipped_file_is_in_the_wheel_by_name(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    code = [path.relative_to(ROOT).as_posix() for path in (ROOT / "needle_sim").rglob("*.py")]
    presets = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "needle_sim" / "data" / "presets").rglob("*.toml")
    ]
    phantoms = [
        f"needle_sim/data/phantoms/{path.name}" for path in (ROOT / "phantoms").glob("*.toml")
    ]

    assert "needle_sim/data/phantoms/lumbar_normal.toml" in phantoms
    assert "needle_sim/data/presets/needles.toml" in presets
    assert names >= {*code, *presets, *phantoms, "needle_sim/py.typed"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert any(name.endswith("licenses/DATA_LICENSES.md") for name in names)


def test_nothing_but_the_package_is_in_the_wheel(wheel):
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    version = PYPROJECT["project"]["version"]

    assert tops == {"needle_sim", f"needle_sim-{version}.dist-info"}


def test_the_wheel_asks_for_the_declared_dependencies(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(archive.read(name).decode())
    asked = {line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line}

    assert asked == set(PYPROJECT["project"]["dependencies"])
    assert metadata["Requires-Python"] == PYPROJECT["project"]["requires-python"]


def test_the_installed_package_finds_its_own_presets_and_phantoms(installed, tmp_path):
    found = _run(
        installed,
        """
        import json, needle_sim
        from needle_sim import presets
        print(json.dumps({
            "file": needle_sim.__file__,
            "phantom_folder": str(presets.folder("phantoms")),
            "phantoms": sorted(path.stem for path in presets.folder("phantoms").glob("*.toml")),
            "needles": presets.names("needles"),
            "gauge": needle_sim.Needle.preset("rf_18g_10mm").gauge,
        }))
        """,
        tmp_path,
    )
    package = _package(installed.parents[1])

    assert Path(found["file"]).parent == package
    assert Path(found["phantom_folder"]) == package / "data" / "phantoms"
    assert found["phantoms"] == sorted(path.stem for path in (ROOT / "phantoms").glob("*.toml"))
    assert found["gauge"] == 18


@pytest.mark.long
def test_a_kernel_compiles_in_memory_where_no_folder_is_writable(installed, tmp_path):
    found = _run(
        installed,
        """
        import json, logging, sys
        logging.basicConfig(level=logging.INFO, stream=sys.stderr)
        import numpy as np
        from needle_sim.geometry import _kernels
        from needle_sim.geometry.shapes import Tube, distance_to_tubes_mm
        tube = Tube(np.array([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0]]), 1.0)
        distance = distance_to_tubes_mm([[5.0, 3.0, 0.0], [12.0, 0.0, 0.0]], [tube])
        print(json.dumps({"file": _kernels.__file__, "distance_mm": list(distance)}))
        """,
        tmp_path,
    )

    assert Path(found["file"]).is_relative_to(_package(installed.parents[1]))
    assert found["distance_mm"] == pytest.approx([2.0, 1.0], abs=1e-9)
    # said once, however many kernels there are
    assert found["stderr"].count("kernels are compiled in memory") == 1


@pytest.mark.long
def test_the_phantom_is_built_from_the_wheel(installed, tmp_path):
    found = _run(
        installed,
        """
        import json
        import needle_sim as ns
        spine = ns.build_phantom("lumbar_normal", voxel_mm=4.0)
        nerve = spine.structures["L4 right medial branch"]
        print(json.dumps({"provenance": nerve.provenance, "bodies": sorted(spine.bodies)}))
        """,
        tmp_path,
    )

    assert found["provenance"] == "constructed"
    assert {"L4", "L5"} <= set(found["bodies"])


def test_the_command_line_starts_from_the_wheel(installed, tmp_path):
    found = _run(
        installed,
        """
        import importlib.metadata, json
        (command,) = importlib.metadata.entry_points(group="console_scripts", name="needle-sim")
        print(json.dumps({"callable": callable(command.load())}))
        """,
        tmp_path,
    )

    assert found["callable"] is True
