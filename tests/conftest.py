"""What all tests share: the phantom, and the real CT data where it is there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
LIDC, LUMBAR = "lidc_0001", "totalsegmentator_lumbar"
LABELS = {LIDC: "labels_totalsegmentator.nii.gz", LUMBAR: "labels.nii.gz"}
HOW = (
    f"`python3 tools/fetch_lidc.py` fetches {LIDC}; {LUMBAR} is in no package, set NEEDLE_SIM_DATA "
    "to a folder that holds it"
)
TOOLS = {
    "dciodvfy": "dciodvfy comes with dicom3tools, a package of Debian and Ubuntu",
    "chromium": "chromium is a package of Debian",
}

settings.register_profile("needle_sim", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("needle_sim")


def real_folder(name: str) -> Path | None:
    """Where a real CT lies: in ``NEEDLE_SIM_DATA``, else in ``.data``; ``None`` where it does not.

    Relative paths start at the root of the checkout.
    """
    said = os.environ.get("NEEDLE_SIM_DATA")
    for root in ([ROOT / said] if said else []) + [ROOT / ".data"]:
        if (root / name / "dicom").is_dir() and (root / name / LABELS[name]).is_file():
            return root / name
    return None


def missing_data(item: Any) -> set[str]:
    """The real CTs that a test needs and that are not there."""
    marker = item.get_closest_marker("real")
    if marker is None:
        return set()
    needed = set(marker.args)
    needed |= {LIDC} if "lidc" in item.fixturenames else set()
    needed |= {LUMBAR} if "lumbar" in item.fixturenames else set()
    return {name for name in needed or {LIDC, LUMBAR} if real_folder(name) is None}


def missing_tools(item: Any) -> set[str]:
    """The programs that a test needs and that are not installed."""
    marker = item.get_closest_marker("tool")
    return set() if marker is None else {name for name in marker.args if not shutil.which(name)}


def pytest_configure(config: Any) -> None:
    """Under CI the data that can be had and the programs of the system must be there."""
    if os.environ.get("CI", "").lower() not in ("1", "true"):
        return
    wanted = (LIDC, LUMBAR) if os.environ.get("NEEDLE_SIM_DATA") else (LIDC,)
    if absent := [name for name in wanted if real_folder(name) is None]:
        raise pytest.UsageError(f"under CI the real CTs must be there: {absent}; {HOW}")
    if absent := [name for name in TOOLS if not shutil.which(name)]:
        raise pytest.UsageError(f"under CI these programs must be there: {absent}; {TOOLS}")


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Deselect what needs data or tools that are not there, and keep what is missing in mind."""
    lacking = {item: missing_data(item) | missing_tools(item) for item in items}
    without = [item for item, missing in lacking.items() if missing]
    if without:
        config.hook.pytest_deselected(items=without)
        names = sorted(set().union(*lacking.values()))
        config.stash[_MISSING] = f"{len(without)} tests did not run, missing: {', '.join(names)}"
        items[:] = [item for item in items if not lacking[item]]


def pytest_sessionfinish(session: Any) -> None:
    """A worker tells the controller what it lacked."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["missing"] = session.config.stash.get(_MISSING, "")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    """Every worker collects everything, so any one of them knows."""
    if said := getattr(node, "workeroutput", {}).get("missing"):
        node.config.stash[_MISSING] = said


_MISSING: pytest.StashKey[str] = pytest.StashKey()


def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    """A line on the tests that did not run."""
    if said := config.stash.get(_MISSING, ""):
        terminalreporter.write_line(f"{said}. {HOW}; {', '.join(TOOLS.values())}", yellow=True)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder that holds both real CTs; for one alone, take `lidc` or `lumbar`."""
    found = _there(LIDC).parent
    _there(LUMBAR)
    return found


@pytest.fixture(scope="session")
def lidc() -> Path:
    """LIDC-IDRI-0001: ``dicom/`` and its labels (T10 to L2 whole)."""
    return _there(LIDC)


@pytest.fixture(scope="session")
def lumbar() -> Path:
    """The lumbar CT of TotalSegmentator, 3 mm: ``dicom/`` and its labels (L1 to sacrum whole)."""
    return _there(LUMBAR)


def _there(name: str) -> Path:
    folder = real_folder(name)
    if folder is None:
        pytest.fail(f"{name} is not there: {HOW}; mark the test `real`", pytrace=False)
    return folder


@pytest.fixture(scope="session")
def phantom() -> Any:
    """The shipped mean lumbar spine, built once."""
    import needle_sim as ns

    return ns.build_phantom("lumbar_normal")


@pytest.fixture(scope="session")
def injection(phantom: Any) -> Any:
    """An injection on it with all pictures: right L1-L2 foramen, where the way in is another."""
    import needle_sim as ns

    return ns.run_procedure("transforaminal-epidural", level="L1-L2", anatomy=phantom, seed=0)
