"""The rules of the house that no linter knows: files, imports, sources, twins, budgets."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from needle_sim import presets

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "needle_sim"
CODE = sorted(PACKAGE.rglob("*.py"))
TABLES = sorted([*(PACKAGE / "data" / "presets").rglob("*.toml"), *ROOT.glob("phantoms/*.toml")])
MOST_BYTES = 1_000_000
MOST_LINES = 300  # the widest budget of a room's file, and a little
VERB_LINES = 40  # without the docstring
WITHOUT_TWIN = {"__init__.py", "__main__.py", "_kernels.py"}  # run through their room's verbs
GENERATED = {".git", ".venv", ".data", "needle_sim_runs", "dist", "build"}

# written in pieces, so that this file does not name what it forbids
HOSTS = [
    "pypi" + ".org",
    "python" + "hosted.org",
    "npmjs" + ".",
    "conda" + ".io",
    "ana" + "conda.org",
]
INDEXES = ["index" + "-url", "extra" + "-index", "find" + "-links", "INDEX" + "_URL"]
MACHINE = re.compile(r"(?<![\w./~-])(?:/(?:root|home|Users|tmp|mnt|srv|opt)/\w|[A-Z]:\\Users\\)")


def _tracked() -> list[Path]:
    """The files that git tracks; in an export without git, every file that is not generated."""
    if (ROOT / ".git").exists():
        listing = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
        )
        names = [name for name in listing.stdout.split("\0") if name]
        return [ROOT / name for name in names if (ROOT / name).is_file()]
    found = (path for path in ROOT.rglob("*") if path.is_file())
    return [
        path
        for path in found
        if not GENERATED & set(path.relative_to(ROOT).parts)
        and not any(part.endswith(("cache", "cache__")) for part in path.parts)
    ]


def _lines_of_text() -> Iterator[tuple[str, str]]:
    """("file:line", text) of every tracked text file."""
    for path in _tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        name = path.relative_to(ROOT).as_posix()
        for number, line in enumerate(text.splitlines(), start=1):
            yield f"{name}:{number}", line


def _modules(tree: ast.AST) -> set[str]:
    """Modules that a file imports anywhere."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def _numbers(table: object, key: str = "") -> Iterator[tuple[str, dict]]:
    """Every table that holds a ``value``, by its dotted key, in lists as well."""
    if isinstance(table, dict):
        if "value" in table:
            yield key, table
            return
        for name, inner in table.items():
            yield from _numbers(inner, f"{key}.{name}".lstrip("."))
    elif isinstance(table, list):
        for index, inner in enumerate(table):
            yield from _numbers(inner, f"{key}[{index}]")


def test_no_tracked_file_names_a_package_index():
    found = [
        place
        for place, line in _lines_of_text()
        if any(word in line.lower() for word in HOSTS) or any(word in line for word in INDEXES)
    ]

    assert not found, "\n".join(found)


def test_no_tracked_file_names_a_path_of_a_machine():
    parent = f"{ROOT.parent.as_posix().rstrip('/')}/"
    found = [
        place
        for place, line in _lines_of_text()
        if (parent != "/" and parent in line) or MACHINE.search(line)
    ]

    assert not found, "\n".join(found)


def test_no_tracked_file_is_large():
    large = {path.name: path.stat().st_size for path in _tracked()}

    assert {name: size for name, size in large.items() if size > MOST_BYTES} == {}


def test_every_declared_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(one for extra in project["project"]["optional-dependencies"].values() for one in extra),
    ]
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()

    assert all("==" in pin for pin in pins)
    assert {_project_name(one) for one in declared} <= {_project_name(pin) for pin in pins}


def _project_name(requirement: str) -> str:
    """The normalised name in front of a requirement's version."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None, requirement
    return re.sub(r"[-_.]+", "-", name.group()).lower()


def test_the_citation_the_package_and_the_project_agree_on_the_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    package = (PACKAGE / "__init__.py").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert f"\nversion: {project['version']}\n" in citation
    assert f'__version__ = "{project["version"]}"' in package
    assert f"## {project['version']}" in changes


@pytest.mark.parametrize(
    "path",
    [path for path in CODE if path.name == "_kernels.py"],
    ids=lambda path: path.parent.name,
)
def test_kernels_import_numbers_alone(path):
    imported = _modules(ast.parse(path.read_text(encoding="utf-8")))

    assert imported <= {"__future__", "math", "numpy", "needle_sim.jit"}


def test_every_file_of_the_package_has_its_twin():
    twins = {
        path: ROOT / "tests" / path.relative_to(PACKAGE).parent / f"test_{path.name}"
        for path in CODE
        if path.name not in WITHOUT_TWIN
    }
    missing = [
        path.relative_to(ROOT).as_posix() for path, twin in twins.items() if not twin.exists()
    ]

    assert not missing, "\n".join(missing)


def test_files_and_verbs_stay_small():
    too_long = []
    for path in CODE:
        text, name = path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()
        if len(text.splitlines()) > MOST_LINES:
            too_long.append(f"{name}: {len(text.splitlines())} lines")
        if path.name == "_kernels.py":
            continue
        too_long += [
            f"{name}: {node.name} {_body_lines(node)} lines"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and _body_lines(node) > VERB_LINES
        ]

    assert not too_long, "\n".join(too_long)


def test_input_is_never_checked_by_assert_nor_swallowed():
    found = []
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            bare = isinstance(node, ast.ExceptHandler) and node.type is None
            if bare or isinstance(node, ast.Assert):
                found.append(f"{path.relative_to(ROOT).as_posix()}:{node.lineno}")

    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_number_of_a_table_has_a_source_and_a_mark(path):
    table = presets.read_toml(path)
    unsourced = [
        key
        for key, number in _numbers(table)
        if not str(number.get("source", "")).strip()
        or number.get("mark") not in ("read", "memory", "derived", "proposed")
    ]

    assert isinstance(table["revision"], int)
    assert not unsourced, "\n".join(unsourced)


def test_the_glossary_is_alphabetical():
    lines = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    terms = [line.split("|")[1].strip() for line in lines if line.startswith("| ")][1:]

    assert terms == sorted(set(terms), key=str.lower)


def test_links_between_the_documents_lead_somewhere():
    broken = [
        f"{path.relative_to(ROOT).as_posix()}: {link}"
        for path in _tracked()
        if path.suffix == ".md"
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8"))
        if "://" not in link and not (path.parent / link).exists()
    ]

    assert not broken, "\n".join(broken)


def test_the_picture_of_the_rooms_is_up_to_date():
    draw_rooms = runpy.run_path(str(ROOT / "tools" / "draw_rooms.py"))
    committed = (ROOT / "docs" / "rooms.svg").read_text(encoding="utf-8")

    assert draw_rooms["drawing"]() == committed, "run python tools/draw_rooms.py"


def test_importing_needle_sim_stays_cheap():
    program = (
        "import sys, needle_sim; "
        "print(*sorted({name.split('.')[0] for name in sys.modules} & set(sys.argv[1:])))"
    )
    heavy = ["numba", "matplotlib", "scipy", "numpy", "pydicom", "nibabel"]
    done = subprocess.run(
        [sys.executable, "-c", program, *heavy],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )

    assert done.stdout.split() == []


def test_every_public_name_is_where_the_package_says():
    import needle_sim

    missing = []
    for name in needle_sim.__all__:
        try:
            getattr(needle_sim, name)
        except (ImportError, AttributeError) as error:
            missing.append(f"{name}: {error}")

    assert not missing, "\n".join(missing)
