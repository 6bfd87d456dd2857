"""`rehearse`: the instrument in a notebook; `open_console`: what every carrier begins with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.errors import InputError, MissingExtraError
from needle_sim.procedures.procedure import Procedure, check_side
from needle_sim.rehearsal.case import anatomy_of_ct, check_sources, phantom_of
from needle_sim.rehearsal.rehearsal import Rehearsal
from needle_sim.views.front_end.console import Console
from needle_sim.views.front_end.journal import Journal
from needle_sim.volume.volume import Volume

if TYPE_CHECKING:
    from needle_sim.views.front_end.widget import Instrument


def open_console(
    procedure: str | Procedure = "medial-branch-rfa",
    *,
    phantom: str = "lumbar_normal",
    ct: Volume | None = None,
    labels: Volume | None = None,
    anatomy: Anatomy | None = None,
    level: str | None = None,
    side: str | None = None,
    variant: str | None = None,
    seed: int = 0,
    vary: bool = False,
    exam: bool = False,
    log: str | Path | None = None,
) -> Console:
    """A rehearsal with its console, ready for a carrier; see `rehearse`."""
    recipe = Procedure.preset(procedure) if isinstance(procedure, str) else procedure
    chosen = recipe.default_level if level is None else level
    recipe.at(chosen, variant)
    check_side(recipe.default_side if side is None else side)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed must be a whole number, 0 or more, got {str(seed)[:40]}")
    patient = anatomy
    if patient is None:
        check_sources(ct, labels, None, level, vary=vary)
        if ct is None:
            patient = phantom_of(phantom, seed if vary else None)
        else:
            patient = anatomy_of_ct(ct, labels, recipe, chosen, None)
    made = Rehearsal(
        patient, recipe, level=level, side=side, variant=variant, seed=seed,
        phantom_seed=seed if vary else None,
    )  # fmt: skip
    journal = None if log is None else Journal(Path(log), made)
    console = Console(made, coach=not exam, journal=journal)
    console.warm()
    return console


def rehearse(
    procedure: str | Procedure = "medial-branch-rfa",
    *,
    phantom: str = "lumbar_normal",
    ct: Volume | None = None,
    labels: Volume | None = None,
    anatomy: Anatomy | None = None,
    level: str | None = None,
    side: str | None = None,
    variant: str | None = None,
    seed: int = 0,
    vary: bool = False,
    exam: bool = False,
    log: str | Path | None = None,
) -> Instrument:
    """Show the instrument in a notebook; the extra ``notebook`` brings what it needs.

    Parameters
    ----------
    procedure : str or Procedure
    phantom : str
        The patient when there is neither ``ct`` nor ``anatomy``.
    ct, labels : Volume, optional
        A CT in HU and its label map (`load_series`, `load_labels`).
    anatomy : Anatomy, optional
        One that is already built.
    level, side, variant : str, optional
        What is ordered; the procedure's defaults.
    seed : int
        Noise, hidden vessels and what aspiration brings; with ``vary`` the phantom's anatomy.
    exam : bool
        No target, no path, no next step on the screen.
    log : path, optional
        A new file that takes every act as it is done.

    Returns
    -------
    Instrument
        A widget; its ``rehearsal`` is the state behind it, also once it is finished.

    Raises
    ------
    MissingExtraError
        anywidget is not installed.
    """
    try:
        from needle_sim.views.front_end.widget import Instrument
    except ImportError as error:
        raise MissingExtraError(
            "the instrument in a notebook needs anywidget: pip install needle_sim[notebook], or "
            "use needle-sim rehearse"
        ) from error
    return Instrument(
        open_console(
            procedure, phantom=phantom, ct=ct, labels=labels, anatomy=anatomy, level=level,
            side=side, variant=variant, seed=seed, vary=vary, exam=exam, log=log,
        )
    )  # fmt: skip
