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

from needle_sim.cli.folder import output_folder
from needle_sim.cli.order import check_one_patient, order, ordered_recipe
from needle_sim.errors import InputError

if TYPE_CHECKING:
    from needle_sim.rehearsal.run import Run

_STAGES = ("anatomy", "plan", "steps", "steps", "heat", "sonogram", "report")
NO_PLAN = 3


@click.command()
@order
@click.option("--variant", help="A way in by name, e.g. supraneural, not the level's own.")
@click.option("--needle", help="A needle preset instead of the recipe's.")
@click.option("--target", metavar="X,Y,Z", help="Patient LPS in mm, for a CT without labels.")
@click.option("--seed", default=0, show_default=True, help="Same seed, same result.")
@click.option("--vary", is_flag=True, help="Let the seed vary the phantom's anatomy.")
@click.option("--posture", help="How the patient lies, e.g. prone_pillow.  [default: as given]")
@click.option("--phase", default=0.0, help="Of the breath then: 0 breathed out, 0.5 in.")
@click.option(
    "--plan-on-ct", is_flag=True, help="Plan on the CT as taken, do it as the patient lies."
)
@click.option("--refine-bone", is_flag=True, help="Sharp fitted cortices in a coarse CT's X-rays.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write.")
@click.option("--slicer", is_flag=True, help="Write files for 3D Slicer as well, in slicer/.")
@click.option("--force", is_flag=True, help="Write into a folder that is not empty.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, nothing else.")
def run(procedure: str | None, **given: Any) -> None:
    """Plan PROCEDURE, carry it out step by step, score it, and write a report.

    Without options it runs on the shipped phantom. Exit code 0: done; 2: bad input; 3: no safe
    plan (the report is still written and names what blocks).

    \b
    needle-sim run medial-branch-rfa
    needle-sim run transforaminal-epidural --level L5-S1 --side left
    needle-sim run medial-branch-rfa --ct DIR --labels FILE --level L4 --side right
    needle-sim run interlaminar-epidural --posture prone_pillow
    """
    start = time.monotonic()
    from needle_sim.procedures.procedure import check_side

    recipe = ordered_recipe(procedure, given["procedure_file"])
    level = recipe.default_level if given["level"] is None else given["level"]
    side = check_side(recipe.default_side if given["side"] is None else given["side"])
    _check_needle(given["needle"])
    chosen = recipe.at(level, given["variant"])
    if chosen.because and not given["as_json"]:
        click.echo(f"{level}: {chosen.variant}, because {chosen.because}", err=True)
    check_one_patient(given["phantom"], given["ct"])
    if given["seed"] < 0:
        raise InputError(f"--seed must be 0 or more, got {given['seed']}")
    target_mm = _point(given["target"])
    place = "target" if target_mm is not None else level
    name = f"{recipe.name}_{place}_{side}_seed{given['seed']}"
    with output_folder(given["out"], name, force=given["force"]) as folder:
        made = replace(_attempt(recipe, side, target_mm, given), command=_typed(recipe.name))
        _write(made, folder, start)
        if given["slicer"]:
            from needle_sim.exports.scene import save_slicer

            save_slicer(made, folder / "slicer")
    _say(made, folder, as_json=given["as_json"])
    if made.plan is None:
        sys.exit(NO_PLAN)


def _check_needle(name: str | None) -> None:
    from needle_sim.instruments.needle import Needle

    if name is not None:
        Needle.preset(name)


def _attempt(recipe: Any, side: str, target_mm: Any, given: dict[str, Any]) -> Run:
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
            phantom=given["phantom"] or "lumbar_normal",
            ct=ct,
            labels=labels,
            level=given["level"],
            side=side,
            variant=given["variant"],
            needle=given["needle"],
            target_mm=target_mm,
            seed=given["seed"],
            vary=given["vary"],
            posture=given["posture"],
            phase=given["phase"],
            plan_on_ct=given["plan_on_ct"],
            refine_bone=given["refine_bone"],
            progress=stage,
        )
    finally:
        stage.close()


def _write(made: Run, folder: Path, start: float) -> None:
    from needle_sim.exports.files import save_run
    from needle_sim.views.pictures import pictures, save_pictures
    from needle_sim.views.report import write_report

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


def _typed(name: str) -> str:
    """The command as it was typed, where it was ours."""
    if Path(sys.argv[0]).stem in ("needle-sim", "__main__"):
        return f"needle-sim {shlex.join(sys.argv[1:])}"
    return f"needle-sim run {name}"


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
