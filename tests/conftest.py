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
TOOLS = "dciodvfy comes with dicom3tools, a package of Debian and Ubuntu"

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


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Deselect what needs data or tools that are not there; under CI they must be there."""
    _deselect_without_tools(config, items)
    without = {item: missing for item in items if (missing := missing_data(item))}
    if not without:
        return
    names = set().union(*without.values())
    demanded = names if os.environ.get("NEEDLE_SIM_DATA") else names & {LIDC}
    if _under_ci() and demanded:
        raise pytest.UsageError(f"under CI the real CTs must be there: {sorted(demanded)}; {HOW}")
    config.hook.pytest_deselected(items=list(without))
    config.stash[_MISSING] = (len(without), sorted(names))
    items[:] = [item for item in items if item not in without]


def _under_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("1", "true")


def _deselect_without_tools(config: Any, items: list[Any]) -> None:
    without = {item: missing for item in items if (missing := missing_tools(item))}
    if not without:
        return
    names = sorted(set().union(*without.values()))
    if _under_ci():
        raise pytest.UsageError(f"under CI these programs must be there: {names}; {TOOLS}")
    config.hook.pytest_deselected(items=list(without))
    config.stash[_NO_TOOL] = (len(without), names)
    items[:] = [item for item in items if item not in without]


_NO_TOOL: pytest.StashKey[tuple[int, list[str]]] = pytest.StashKey()
_MISSING: pytest.StashKey[tuple[int, list[str]]] = pytest.StashKey()


def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    """A line on the tests that did not run."""
    if _NO_TOOL in config.stash:
        count, names = config.stash[_NO_TOOL]
        terminalreporter.write_line(
            f"{count} tests did not run, {' and '.join(names)} missing: {TOOLS}", yellow=True
        )
    if _MISSING in config.stash:
        count, names = config.stash[_MISSING]
        terminalreporter.write_line(
            f"{count} tests on real CT did not run, {' and '.join(names)} missing: {HOW}",
            yellow=True,
        )


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
