"""`Rehearsal`: a procedure by hand: acts in, state and pictures out, a log that replays it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.errors import InputError
from needle_sim.imaging.xray.exposure import Radiograph
from needle_sim.imaging.xray.sequence import ContrastRun
from needle_sim.imaging.xray.tally import DoseTally
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.procedures.procedure import Procedure, check_side
from needle_sim.rehearsal.act import MOST_S, Act, shown
from needle_sim.rehearsal.acting import ACTING, run_of
from needle_sim.rehearsal.acting_pictures import live_for, live_picture, sonogram_of
from needle_sim.rehearsal.attempt import Attempt
from needle_sim.rehearsal.book import Book
from needle_sim.rehearsal.case import reference_of, target_of
from needle_sim.rehearsal.digest import header_of
from needle_sim.rehearsal.fluoroscope import Fluoroscope
from needle_sim.rehearsal.in_hand import InHand
from needle_sim.rehearsal.keepsake import kept
from needle_sim.rehearsal.log import MOST_ACTS, Log
from needle_sim.rehearsal.state import State, state_of
from needle_sim.rehearsal.syringe import Syringe
from needle_sim.shown import Shown

if TYPE_CHECKING:
    from needle_sim.imaging.ultrasound.sonogram import Sonogram
    from needle_sim.rehearsal.run import Run
    from needle_sim.rehearsal.scoring import Score

_NOISE, _LIVE, _SOUND = 21, 22, 23  # children of the seed


class Rehearsal(Shown):
    """One attempt at one procedure on one patient, by whoever sends the acts.

    Nothing in it knows a clock, a browser or a file: the same acts give the same bytes.

    Parameters
    ----------
    anatomy : Anatomy
        The patient.
    procedure : str or Procedure
    level, side : str, optional
        What is ordered; the procedure's defaults.
    variant : str, optional
        A way in by name.
    seed : int
        Noise, hidden vessels and what aspiration brings.
    pictures : bool
        False takes none: exposures are counted, dose and what contrast shows are not known.
    """

    # what acts change, as it is at the start; `kept` puts these back where an act is refused
    t_s: float = 0.0
    said: str = "ready"
    declared: str | None = None
    mark_mm: tuple[float, float, float] | None = None
    probe: tuple[str, tuple[tuple[float, ...], ...]] | None = None
    live_since_s: float | None = None
    live_s: float = 0.0  # of the present or last time that it ran
    live_kap_ugy_m2: float = 0.0
    fluoro_s: float = 0.0
    exposures: int = 0
    kap_ugy_m2: float = 0.0
    kerma_mgy: float = 0.0
    tally: DoseTally = DoseTally()
    outcome: str | None = None
    abort_said: str = ""
    decisive: tuple[PlacedNeedle, str] | None = None  # where a drug or heat was given
    picture: Radiograph | None = None
    contrast_run: ContrastRun | None = None
    heated: Any = None
    watch: Callable[[Mapping[str, float]], None] | None = None
    _run: Run | None = None

    def __init__(
        self,
        anatomy: Anatomy,
        procedure: str | Procedure = "medial-branch-rfa",
        *,
        level: str | None = None,
        side: str | None = None,
        variant: str | None = None,
        seed: int = 0,
        pictures: bool = True,
        phantom_seed: int | None = None,
    ) -> None:
        if not isinstance(anatomy, Anatomy):
            raise InputError(f"a rehearsal needs an Anatomy, got a {type(anatomy).__name__}")
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
            raise InputError(f"seed must be a whole number, 0 or more, got {shown(seed)}")
        recipe = Procedure.preset(procedure) if isinstance(procedure, str) else procedure
        level = recipe.default_level if level is None else level
        self.recipe = recipe.at(level, variant)
        self.side = check_side(recipe.default_side if side is None else side)
        self.anatomy, self.level, self.seed = anatomy, level, seed
        self.target = target_of(self.recipe, anatomy, level, self.side, None)
        self.vertebra = reference_of(anatomy, self.target)
        self.header = header_of(
            anatomy, self.recipe, level, self.side, seed, pictures=pictures,
            phantom_seed=phantom_seed,
        )  # fmt: skip
        self.scope = Fluoroscope(
            self.recipe, anatomy, self.target, self.vertebra, pictures=pictures
        )
        name = self.recipe.needles[0]
        self.hand = InHand(anatomy, Needle.preset(name), name)
        self.syringe = Syringe(self.recipe, anatomy, seed)
        self.book = Book(self.recipe)
        self.acts: list[Act] = []

    def do(
        self, do: str, /, *, t_s: float | None = None, source: str = "script", **given: Any
    ) -> State:
        """Do one thing, or refuse it and stay as it was.

        Parameters
        ----------
        do : str
            One of `needle_sim.rehearsal.act.KINDS`, with what it needs by name.
        t_s : float, s
            When, not before the last act ended; at once by default.

        Raises
        ------
        InputError
            What is missing, or what cannot be: nothing has changed then.
        """
        return self.act(Act(do, min(self.t_s, MOST_S) if t_s is None else t_s, source, given))

    def act(self, act: Act) -> State:
        """Take one act; see `do`."""
        if self.outcome is not None:
            raise InputError(f"the rehearsal is over ({self.outcome}): begin another one")
        if act.t_s < min(self.t_s, MOST_S) - 1e-9:  # what is begun in time may end later
            raise InputError(
                f"{act.do} at {act.t_s:g} s lies before the last act, which ended at "
                f"{self.t_s:g} s: acts go forward in time"
            )
        if len(self.acts) >= MOST_ACTS:
            raise InputError(f"a rehearsal has {MOST_ACTS} acts at most: finish it")
        put_back = kept(self, _CHANGES)
        try:
            self.pass_time(max(act.t_s, self.t_s))
            ACTING[act.do](self, **act.given)
            now = self.state
        except BaseException:  # an interrupted act, too, leaves nothing behind
            put_back()
            raise
        self.book.settle()
        self.acts.append(act)
        return now

    def pass_time(self, until_s: float) -> None:
        """Live pictures cost dose for as long as they run."""
        if self.live_since_s is not None:
            live_for(self, until_s - self.t_s)
        self.t_s = until_s

    def mark_at(self, row: float, column: float, **when: Any) -> State:
        """Mark the skin under a pixel of the present field."""
        point = self.scope.skin_under(row, column)
        return self.do("mark", point_mm=[round(float(value), 4) for value in point], **when)

    def needle_pose(self, matrix: ArrayLike, **when: Any) -> State:
        """Put the needle at ``patient_from_needle`` (4, 4): tip, axis +z, bevel +y."""
        rows = matrix.tolist() if isinstance(matrix, np.ndarray) else matrix
        return self.do("needle_pose", matrix=rows, **when)

    def insert(self, **when: Any) -> State:
        """Through the skin at the mark, down the ray to the focal spot."""
        return self.do("insert", **when)

    def advance(self, mm: float, **when: Any) -> State:
        """Push on by millimetres, or as far as bone lets."""
        return self.do("advance", mm=mm, **when)

    def withdraw(self, mm: float, **when: Any) -> State:
        """Draw back by millimetres."""
        return self.do("withdraw", mm=mm, **when)

    def rotate(self, deg: float, **when: Any) -> State:
        """Turn the bevel."""
        return self.do("rotate", deg=deg, **when)

    def finish(self, **when: Any) -> Run:
        """End it, and score it."""
        self.do("finish", **when)
        return self.run

    @property
    def state(self) -> State:
        """What an operator can know at this moment."""
        return state_of(self)

    @property
    def needle_name(self) -> str:
        """Preset of the needle in hand."""
        return self.hand.name

    @property
    def over(self) -> bool:
        """Finished or given up."""
        return self.outcome is not None

    @property
    def log(self) -> Log:
        """Everything done so far."""
        return Log(self.header, tuple(self.acts))

    @property
    def run(self) -> Run:
        """What it came to: the same noun as `run_procedure` gives."""
        if self.outcome is None:
            raise InputError("the rehearsal is not over: finish it, or give up with a reason")
        if self._run is None:
            self._run = run_of(self)
        return self._run

    @property
    def score(self) -> Score:
        """Of the finished rehearsal."""
        return self.run.score

    @property
    def attempt(self) -> Attempt:
        """Patient, target and recipe as a plan sees them."""
        return Attempt(
            self.recipe, self.anatomy, self.target, self.vertebra, self.side, self.needle_name
        )

    def live_picture(self, *, coarse: int = 1) -> Radiograph | None:
        """The picture of this moment of live fluoroscopy; looking again changes nothing."""
        rng = np.random.default_rng([self.seed, _LIVE, len(self.acts), int(1000 * self.t_s)])
        return live_picture(self, rng, coarse)

    def noise(self) -> np.random.Generator:
        """Of the next exposure."""
        return np.random.default_rng([self.seed, _NOISE, self.exposures])

    def sonogram(self, *, slices: int = 1) -> Sonogram:
        """What the probe shows where it stands; looking changes nothing."""
        rng = np.random.default_rng([self.seed, _SOUND, len(self.acts)])
        return sonogram_of(self, rng, slices)

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        return self.state.facts()

    @classmethod
    def replay(
        cls, log: Log | str | bytes, anatomy: Anatomy, procedure: Procedure | None = None
    ) -> Rehearsal:
        """Do again what a log says; the same bytes come of it.

        Raises
        ------
        InputError
            The log belongs to another patient or recipe, or holds an act that cannot be.
        """
        found = log if isinstance(log, Log) else Log.parse(log)
        head = found.header
        made = cls(
            anatomy,
            head.procedure if procedure is None else procedure,
            level=head.level,
            side=head.side,
            variant=head.variant,
            seed=head.seed,
            pictures=head.pictures,
            phantom_seed=head.phantom_seed,
        )
        head.check_same(made.header)
        for number, act in enumerate(found.acts, 2):
            try:
                made.act(act)
            except InputError as error:
                raise InputError(f"line {number} of the log, {act.do}: {error}") from error
        return made


_CHANGES = tuple(Rehearsal.__annotations__)
