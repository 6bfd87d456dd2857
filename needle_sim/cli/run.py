"""``needle-sim run PROCEDURE``: the whole chain, unattended."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from needle_sim.errors import InputError

if TYPE_CHECKING:
    from needle_sim.rehearsal.runner import Run

_STAGES = ("anatomy", "plan", "pictures", "pictures", "heat", "heat", "report")
NO_PLAN = 3


@click.command()
@click.argument("procedure", default="medial-branch-rfa")
@click.option("--phantom", default="lumbar_normal", show_default=True, help="A shipped phantom.")
@click.option("--ct", type=click.Path(path_type=Path), help="Folder or zip of a DICOM CT instead.")
@click.option("--labels", type=click.Path(path_type=Path), help="Its label map (NIfTI).")
@click.option("--level", help="The nerve, e.g. L4 (it crosses the vertebra below).")
@click.option("--side", help="left or right.")
@click.option("--target", metavar="X,Y,Z", help="Patient LPS in mm, for a CT without labels.")
@click.option("--seed", default=0, show_default=True, help="Same seed, same result.")
@click.option("--vary", is_flag=True, help="Let the seed vary the phantom's anatomy.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write.")
@click.option("--force", is_flag=True, help="Write into a folder that is not empty.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, nothing else.")
def run(procedure: str, **given: Any) -> None:
    """Plan PROCEDURE, show it, heat, measure and score it, and write a report.

    Without options it runs on the shipped phantom. Exit code 0: done; 2: bad input; 3: no safe
    plan (the report is still written and names what blocks).

    \b
    needle-sim run medial-branch-rfa
    needle-sim run medial-branch-rfa --ct DIR --labels FILE --level L4 --side right
    """
    start = time.monotonic()
    from needle_sim.procedures.procedure import Procedure, check_side

    recipe = Procedure.preset(procedure)
    level = given["level"] or recipe.default_level
    side = check_side(given["side"] or recipe.default_side)
    recipe.vertebra(level)
    if given["seed"] < 0:
        raise InputError(f"--seed must be 0 or more, got {given['seed']}")
    target_mm = _point(given["target"])
    place = "target" if target_mm is not None else level
    folder = _folder(
        given["out"], f"{procedure}_{place}_{side}_seed{given['seed']}", given["force"]
    )
    made = _attempt(recipe, level, side, target_mm, given)
    typed = (
        f"needle-sim {shlex.join(sys.argv[1:])}" if _is_ours() else f"needle-sim run {procedure}"
    )
    made = replace(made, command=typed)
    _write(made, folder, start)
    _say(made, folder, as_json=given["as_json"])
    if made.plan is None:
        sys.exit(NO_PLAN)


def _attempt(recipe: Any, level: str, side: str, target_mm: Any, given: dict[str, Any]) -> Run:
    from needle_sim.rehearsal.runner import run_procedure

    stage = _Stages()
    try:
        ct = labels = None
        if given["ct"] is not None:
            from needle_sim.volume.dicom import load_series
            from needle_sim.volume.labels import load_labels

            ct = load_series(given["ct"])
            labels = None if given["labels"] is None else load_labels(given["labels"], grid=ct)
        elif given["labels"] is not None or target_mm is not None:
            raise InputError("--labels and --target go with a CT: give --ct DIR as well")
        return run_procedure(
            recipe,
            phantom=given["phantom"],
            ct=ct,
            labels=labels,
            level=level,
            side=side,
            target_mm=target_mm,
            seed=given["seed"],
            vary=given["vary"],
            progress=stage,
        )
    finally:
        stage.close()


def _write(made: Run, folder: Path, start: float) -> None:
    from needle_sim.exports.files import save_run
    from needle_sim.views.pictures import pictures, save_pictures
    from needle_sim.views.report import write_report

    folder.mkdir(parents=True, exist_ok=True)
    drawn = pictures(made)
    save_pictures(made, folder, drawn=drawn)
    write_report(made, folder, drawn=drawn)
    save_run(made, folder, seconds=time.monotonic() - start)


def _say(made: Run, folder: Path, *, as_json: bool) -> None:
    from needle_sim.cli.summary import in_words
    from needle_sim.exports.result import as_json as to_text
    from needle_sim.exports.result import result_of

    if as_json:
        click.echo(to_text(result_of(made)), nl=False)
    else:
        click.echo(in_words(made, folder))


def _is_ours() -> bool:
    return Path(sys.argv[0]).stem in ("needle-sim", "__main__")


def _point(text: str | None) -> Sequence[float] | None:
    if text is None:
        return None
    try:
        x, y, z = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(
            f"--target takes three numbers X,Y,Z (patient LPS, mm), got {text!r}"
        ) from error
    return x, y, z


def _folder(asked: Path | None, name: str, force: bool) -> Path:
    """The folder to write into, proved writable before anything is computed."""
    folder = asked
    if folder is None:
        home = Path("needle_sim_runs")
        tries = (home / (name if k == 1 else f"{name}-{k}") for k in range(1, 1_000_000))
        folder = next(one for one in tries if not one.exists())
    elif folder.exists() and not folder.is_dir():
        raise InputError(f"--out {folder} is a file; give a folder")
    elif folder.is_dir() and any(folder.iterdir()) and not force:
        raise InputError(f"--out {folder} is not empty; add --force or give another folder")
    try:
        fresh = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".needle_sim_probe"
        probe.write_bytes(b"")
        probe.unlink()
        if fresh:
            folder.rmdir()
    except OSError as error:
        raise InputError(
            f"cannot write into {folder}: {error.strerror or error}; give another folder with --out"
        ) from error
    return folder


class _Stages:
    """A bar on stderr that names the stage; nothing where stderr is not a terminal but lines."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self._bar: tqdm[Any] = tqdm(
            total=len(_STAGES) - 1,
            desc=f"{'reading':<9}",
            bar_format="{desc}|{bar:24}| {elapsed}",
            leave=False,
        )

    def __call__(self, done: int, total: int) -> None:
        self._bar.set_description_str(f"{_STAGES[done]:<9}", refresh=False)
        self._bar.n = done
        self._bar.refresh()

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()
