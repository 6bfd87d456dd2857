"""`Fluoroscope`: the C-arm of a rehearsal: pose, collimation, shots, live pictures, dose."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim import presets
from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.target import Target
from needle_sim.errors import InputError
from needle_sim.geometry.transform import angle_deg
from needle_sim.imaging.xray.bare import Bare, bare
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.brightness import Technique, set_brightness
from needle_sim.imaging.xray.carm import CArm, project_points
from needle_sim.imaging.xray.collimation import Collimation, cut_to
from needle_sim.imaging.xray.dose import kerma_area_ugy_m2, reference_kerma_mgy
from needle_sim.imaging.xray.exposure import Radiograph, expose
from needle_sim.imaging.xray.materials import Materials, prepare
from needle_sim.imaging.xray.modes import RunMode
from needle_sim.imaging.xray.projector import PathLengths, project
from needle_sim.imaging.xray.sequence import ContrastRun, Mode, contrast_shots
from needle_sim.imaging.xray.tally import DoseEvent
from needle_sim.injectate.spread import Spread
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.planning.sightline import angles_of, recipe_angles, towards_detector
from needle_sim.procedures.procedure import Procedure, ViewRecipe
from needle_sim.rehearsal.sketch import sketch
from needle_sim.volume.volume import Volume

_KEPT = 8
_METERING = 2  # exposure control looks at what a turning C-arm shows, so that it costs nothing more
_LATERAL_DEG = 60.0  # a view so far round is the same from the other side
_kept_materials: list[tuple[weakref.ref[Anatomy], Materials]] = []
_kept_sketches: list[tuple[weakref.ref[Anatomy], Materials]] = []


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the C-arm stands: what falls on the middle, angles, and the collimated field."""

    isocentre_mm: tuple[float, float, float]
    orbital_deg: float = 0.0
    tilt_deg: float = 0.0
    width_mm: float = 500.0
    height_mm: float = 500.0


class Fluoroscope:
    """Takes pictures of one patient.

    Parameters
    ----------
    recipe : Procedure
        Its C-arm, and the views that pictures are compared with.
    pictures : bool
        False takes none: studies and fuzzing count exposures only.
    """

    def __init__(
        self, recipe: Procedure, anatomy: Anatomy, target: Target, vertebra: str, *, pictures: bool
    ) -> None:
        self._recipe, self._target = recipe, target
        self._pictures = pictures
        self._anatomy = anatomy
        x, y, z = (float(value) for value in target.centre_mm)
        self.pose = Pose((x, y, z))
        self._whole = CArm.preset(recipe.carm)
        self._ways = {view.name: _way_of(view, anatomy, target, vertebra) for view in recipe.views}
        self._paths: OrderedDict[CArm, PathLengths] = OrderedDict()
        self._techniques: dict[CArm, Technique] = {}
        self._bare: OrderedDict[tuple[CArm, float], Bare] = OrderedDict()

    @property
    def ways(self) -> Mapping[str, NDArray[np.float64]]:
        """Direction (3,) to the detector of each view of the recipe."""
        return self._ways

    @property
    def angles(self) -> dict[str, tuple[float, float]]:
        """``orbital_deg, tilt_deg`` of each view of the recipe."""
        return {name: angles_of(way) for name, way in self._ways.items()}

    @property
    def materials(self) -> Materials:
        """Of the patient, made once."""
        return materials_of(self._anatomy)

    @property
    def carm(self) -> CArm:
        """The C-arm as it stands, its detector cut to the collimated field."""
        pose = self.pose
        turned = replace(
            self._whole,
            isocentre_mm=pose.isocentre_mm,
            orbital_deg=pose.orbital_deg,
            tilt_deg=pose.tilt_deg,
        )
        return cut_to(turned, Collimation(pose.width_mm, pose.height_mm))

    def paths(self, carm: CArm) -> PathLengths:
        """Path lengths of a pose; the last few are kept."""
        if carm not in self._paths:
            coarse = carm.pixel_mm > self._whole.pixel_mm
            patient = sketch_of(self._anatomy) if coarse else self.materials
            self._paths[carm] = project(patient, carm)
            while len(self._paths) > _KEPT:
                self._paths.popitem(last=False)
        self._paths.move_to_end(carm)
        return self._paths[carm]

    def technique(self, carm: CArm) -> Technique:
        """What automatic brightness sets for this pose; it looks at coarse pixels."""
        if carm not in self._techniques:
            if len(self._techniques) > 64:
                self._techniques.clear()
            seen = self.paths(coarser(carm, _METERING))
            self._techniques[carm] = set_brightness(seen, device=self._recipe.carm, run=pulsed())
        return self._techniques[carm]

    def beam(self, carm: CArm) -> Beam:
        """The beam of a still picture in this pose."""
        return self.technique(carm).still

    def picture(
        self,
        placed: PlacedNeedle | None,
        contrast: Volume | None,
        rng: np.random.Generator | None,
        *,
        share: float = 1.0,
        coarse: int = 1,
    ) -> Radiograph | None:
        """One picture; ``share`` of a still one's current, every ``coarse``-th pixel."""
        if not self._pictures:
            return None
        beam = self.beam(self.carm)
        carm = coarser(self.carm, coarse)
        used = beam if share == 1.0 else replace(beam, mas=beam.mas * share)
        needles = () if placed is None else (placed,)
        if contrast is not None:
            return expose(self.paths(carm), used, needles=needles, contrast=contrast, rng=rng)
        return expose(self._behind(carm, used), used, needles=needles, rng=rng)

    def _behind(self, carm: CArm, beam: Beam) -> Bare:
        """What a beam leaves behind the patient alone; the last few are kept."""
        key = carm, beam.mas
        if key not in self._bare:
            self._bare[key] = bare(self.paths(carm), beam)
            while len(self._bare) > _KEPT:
                self._bare.popitem(last=False)
        self._bare.move_to_end(key)
        return self._bare[key]

    def pulse(self) -> tuple[float, float]:
        """Kerma-area product, µGy m2, and reference kerma, mGy, of one pulse of this pose."""
        if not self._pictures:
            return 0.0, 0.0
        carm = self.carm
        used = self.technique(carm).pulse
        return kerma_area_ugy_m2(used, carm), reference_kerma_mgy(used, carm)

    def fluoroscopy(self, kap_ugy_m2: float, kerma_mgy: float, start_s: float) -> DoseEvent:
        """Pulses of this pose that came to so much, as an event of the tally."""
        used = self.technique(self.carm)
        count = max(1, round(kerma_mgy / self.pulse()[1]))
        dose = kap_ugy_m2, kerma_mgy
        return DoseEvent("fluoroscopy", self.carm, used.pulse, count, used.pulses_s, *dose, start_s)

    def contrast(
        self, placed: PlacedNeedle, given: Spread, mode: Mode, rng: np.random.Generator
    ) -> ContrastRun | None:
        """Pictures of an injection from its start on."""
        if not self._pictures:
            return None
        carm = self.carm
        return contrast_shots(
            self.paths(carm), carm, self.beam(carm), given, mode=mode, needles=(placed,), rng=rng
        )

    def view(self, placed: PlacedNeedle | None) -> ViewRecipe | None:
        """The view of the recipe that the C-arm stands in, with the target in its field."""
        seen = towards_detector(self.pose.orbital_deg, self.pose.tilt_deg)
        points = [self._target.centre_mm] + ([] if placed is None else [placed.trajectory.tip_mm])
        if not self._in_field(points):
            return None
        apart = {name: _apart_deg(seen, way) for name, way in self._ways.items()}
        name = min(apart, key=lambda one: apart[one])
        if apart[name] > float(rules()["view_deg"]):
            return None
        return next(view for view in self._recipe.views if view.name == name)

    def sees(self, placed: PlacedNeedle) -> bool:
        """Whether the tip lies in the field."""
        return self._in_field([placed.trajectory.tip_mm])

    def _in_field(self, points: list[NDArray[np.float64]]) -> bool:
        carm = self.carm
        at = project_points(carm, np.array(points))
        return bool(((at >= 0) & (at <= np.array(carm.shape) - 1)).all())

    def skin_under(self, row: float, column: float) -> NDArray[np.float64]:
        """Where the ray of a pixel of the present field enters the skin that faces the detector."""
        carm = self.carm
        rows, columns = carm.shape
        if not (-0.5 <= row <= rows - 0.5 and -0.5 <= column <= columns - 0.5):
            raise InputError(
                f"row {row:g}, column {column:g} lie outside of the picture of {rows} x {columns}"
            )
        along = carm.pixel_rays() @ np.array([row, column, 1.0])
        reach = float(np.linalg.norm(along))
        along = along / reach
        way = np.arange(carm.source_isocentre_mm - 300.0, reach, 0.5)
        line = carm.source_mm + way[:, None] * along
        body = self._anatomy.labels.sample(line, outside=0) != 0
        if not body.any():
            raise InputError("there is no skin under this point of the picture: click on the body")
        return np.asarray(line[int(np.flatnonzero(body).max())])


def materials_of(anatomy: Anatomy) -> Materials:
    """`prepare`, kept for the next rehearsal of the same patient."""
    return _kept(_kept_materials, anatomy, prepare)


def sketch_of(anatomy: Anatomy) -> Materials:
    """`sketch`, kept for the next rehearsal of the same patient."""
    return _kept(_kept_sketches, anatomy, sketch)


def _kept(
    kept: list[tuple[weakref.ref[Anatomy], Materials]],
    anatomy: Anatomy,
    make: Callable[[Volume], Materials],
) -> Materials:
    for known, made in kept:
        if known() is anatomy:
            return made
    made = make(anatomy.ct)
    kept.append((weakref.ref(anatomy), made))
    del kept[:-2]
    return made


def coarser(carm: CArm, times: int) -> CArm:
    """The same field in pixels so many times as wide."""
    if times == 1:
        return carm
    rows, columns = (max(8, side // times) for side in carm.shape)
    return replace(carm, pixel_mm=carm.pixel_mm * times, shape=(rows, columns))


@cache
def pulsed() -> RunMode:
    """Live pictures of a rehearsal: fewer pulses than the run of the device."""
    return replace(
        RunMode.preset("fluoroscopy"),
        pulses_s=float(rules()["pulses_s"]),
        dose=float(rules()["pulse_share"]),
    )


@cache
def rules() -> Mapping[str, float]:
    """How a rehearsal is watched (``scoring.toml``, table ``rehearsal``)."""
    return MappingProxyType(presets.plain(presets.table("scoring", "rehearsal")))


def _way_of(
    view: ViewRecipe, anatomy: Anatomy, target: Target, vertebra: str
) -> NDArray[np.float64]:
    """Direction (3,) to the detector of a recipe's view."""
    if view.along_approach and target.kind != "point":
        return -np.asarray(target.approach)
    angles = recipe_angles(anatomy, vertebra, target.side, view.oblique_deg, view.tilt_deg)
    return towards_detector(*angles)


def _apart_deg(seen: ArrayLike, way: NDArray[np.float64]) -> float:
    """Angle between two views; a lateral is one from either side."""
    apart = angle_deg(seen, way)
    lateral = abs(float(way[0])) > np.sin(np.radians(_LATERAL_DEG))
    return min(apart, 180.0 - apart) if lateral else apart
