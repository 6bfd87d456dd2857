"""`Suite`: the C-arm of one attempt; the patient is cast once a pose, needles and contrast anew."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.target import Target
from needle_sim.imaging.xray.brightness import set_brightness
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.exposure import Radiograph, cut_share, expose
from needle_sim.imaging.xray.materials import Materials, prepare
from needle_sim.imaging.xray.projector import PathLengths, project
from needle_sim.imaging.xray.sequence import ContrastRun, Mode, contrast_shots
from needle_sim.injectate.spread import Spread
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.planning.sightline import angles_of, look_along, recipe_angles
from needle_sim.procedures.procedure import Procedure, ViewRecipe
from needle_sim.shown import Shown
from needle_sim.volume.volume import Volume

_WHOLE_SHARE = 0.2  # a view that misses less of the body than this needs no word


@dataclass(frozen=True, slots=True, eq=False)
class View(Shown):
    """A picture of a procedure, with its angles as C-arm coordinates.

    ``name`` is unique in an attempt; ``depth_mm`` is how far in the needle was, None without one.
    """

    name: str
    title: str
    radiograph: Radiograph
    orbital_deg: float
    tilt_deg: float
    note: str | None = None
    depth_mm: float | None = None


class Suite:
    """Takes the pictures of a recipe.

    Parameters
    ----------
    vertebra : str
        Whose superior endplate squares the views.
    steepest_deg : float or None
        The most negative tilt from the squared endplate that the volume holds.
    rng : Generator
        Noise of the pictures.
    """

    def __init__(
        self,
        recipe: Procedure,
        anatomy: Anatomy,
        target: Target,
        vertebra: str,
        *,
        steepest_deg: float | None,
        rng: np.random.Generator,
    ) -> None:
        self._anatomy, self._target, self._vertebra = anatomy, target, vertebra
        self._steepest_deg, self._rng = steepest_deg, rng
        x, y, z = target.centre_mm
        isocentre = (float(x), float(y), float(z))
        self._carm = replace(CArm.preset(recipe.carm), isocentre_mm=isocentre)
        self._device = recipe.carm
        self._materials: Materials = prepare(anatomy.ct, inset=anatomy.inset)
        self._paths: dict[tuple[float, float], PathLengths] = {}
        self._names: list[str] = []

    def shoot(
        self,
        view: ViewRecipe,
        placed: PlacedNeedle | None,
        depth_mm: float | None = None,
        *,
        contrast: Volume | None = None,
    ) -> View:
        """One exposure with the needle, and the contrast (iodine, mg/mL), where they are."""
        paths, turned = self.posed(view)
        needles = () if placed is None else (placed,)
        beam = set_brightness(paths, device=self._device).still
        shot = expose(paths, beam, needles=needles, contrast=contrast, rng=self._rng)
        carm = shot.carm
        said = _joined(turned, _beyond(shot))
        name = self._named(view.name)
        return View(name, view.title, shot, carm.orbital_deg, carm.tilt_deg, said, depth_mm)

    def contrast(
        self, view: ViewRecipe, placed: PlacedNeedle, spread: Spread, mode: Mode
    ) -> ContrastRun:
        """Pictures of contrast from the start of its injection on."""
        paths, _ = self.posed(view)
        beam = set_brightness(paths, device=self._device).still
        return contrast_shots(
            paths, paths.carm, beam, spread, mode=mode, needles=(placed,), rng=self._rng
        )

    def barrel(self, placed: PlacedNeedle) -> View:
        """The picture down the needle, hub over tip."""
        carm = look_along(placed, self._carm)
        paths = project(self._materials, carm)
        beam = set_brightness(paths, device=self._device).still
        shot = expose(paths, beam, needles=(placed,), rng=self._rng)
        depth = placed.trajectory.depth_mm
        angles = carm.orbital_deg, carm.tilt_deg
        return View("barrel", "Down the needle", shot, *angles, _joined(_beyond(shot)), depth)

    def posed(self, view: ViewRecipe) -> tuple[PathLengths, str | None]:
        """Path lengths of a view, kept for the next picture of it, and what was turned less."""
        orbital, tilt, said = self._angles(view)
        if (orbital, tilt) not in self._paths:
            carm = replace(self._carm, orbital_deg=orbital, tilt_deg=tilt)
            self._paths[orbital, tilt] = project(self._materials, carm)
        return self._paths[orbital, tilt], said

    def _angles(self, view: ViewRecipe) -> tuple[float, float, str | None]:
        target, anatomy = self._target, self._anatomy
        if view.along_approach and target.kind != "point":
            return *angles_of(-target.approach), None
        orbital, tilt = recipe_angles(
            anatomy, self._vertebra, target.side, view.oblique_deg, view.tilt_deg
        )
        held = view.tilt_deg if self._steepest_deg is None else self._steepest_deg
        reduced = max(0.0, held - view.tilt_deg) if view.tilt_deg < 0 else 0.0
        said = f"{caudal(view.tilt_deg)} in the recipe, {caudal(held)} in this volume"
        return orbital, tilt + reduced, said if reduced else None

    def _named(self, name: str) -> str:
        self._names.append(name)
        count = self._names.count(name)
        return name if count == 1 else f"{name}_{count}"


def caudal(tilt_deg: float) -> str:
    """A tilt in words."""
    return f"{abs(tilt_deg):.0f}° {'caudal' if tilt_deg < 0 else 'cranial'}"


def _beyond(shot: Radiograph) -> str | None:
    share = cut_share(shot)
    if share < _WHOLE_SHARE:
        return None
    return (
        f"{100 * share:.0f} % of the field lies behind body beyond the volume, taken as soft tissue"
    )


def _joined(*notes: str | None) -> str | None:
    return "; ".join(note for note in notes if note) or None
