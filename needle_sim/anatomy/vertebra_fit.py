"""`VertebraFit`: the parametric vertebra, posed and shaped to the surface of a labelled one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from needle_sim import presets
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.spec import LEVELS, VertebraSpec, spine_spec
from needle_sim.anatomy.phantom.vertebra import vertebra_shape
from needle_sim.anatomy.surface import LabelSurface
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit
from needle_sim.geometry.transform import Frame, Transform, rigid, unit

Points = NDArray[np.float64]

AVERAGE = "lumbar_normal"
"""The phantom whose sizes and spreads the fit starts from."""

FITTED = (
    *("upper_width_mm", "upper_depth_mm", "lower_width_mm", "lower_depth_mm"),
    *("anterior_height_mm", "posterior_height_mm", "waist_mm"),
    *("pedicle_width_mm", "pedicle_height_mm", "pedicle_length_mm", "pedicle_rise_mm"),
    *("canal_width_mm", "canal_depth_mm"),
    *("lamina_height_mm", "lamina_thickness_mm", "lamina_drop_mm", "lamina_slope_deg"),
    *("facet_angle_deg", "facet_spread_mm", "facet_setback_mm", "facet_rise_mm"),
    *("sap_height_mm", "sap_width_mm", "sap_thickness_mm"),
    *("iap_spread_mm", "iap_setback_mm", "iap_drop_mm", "iap_height_mm"),
    *("tp_span_mm", "tp_upsweep_deg", "tp_backsweep_deg", "tp_height_mm", "tp_thickness_mm"),
    *("spinous_length_mm", "spinous_height_mm", "spinous_slope_deg"),
)
"""Sizes that are fitted; the others stay at the mean of their level."""

_SIGNED = frozenset({"waist_mm", "pedicle_rise_mm", "facet_rise_mm"})
_OF_BODY = 7  # the first of them shape the body, the others what lies behind its centre
_JOINT_SD = {"iap_spread_mm": 1.5, "iap_setback_mm": 1.5, "iap_drop_mm": 2.0}  # proposed
_LOOSE = 2.0  # patients differ from the phantom's mean by more than its population spreads
_TURN_RAD, _SHIFT_MM = 0.1, 3.0  # what one unit of the pose unknowns stands for
_SATURATED_MM = 4.0
_BAND_MM, _FAR_MM = 7.0, 14.0
_NOISE_MM = 3.0  # 1 mm a point, about 9 neighbouring points err together
_ROBUST_MM = 2.0  # distances beyond it count linearly
_STEP = 0.02
_TRIALS = 4
_ENOUGH = 1e-3  # a step that takes less of the sum of squares away is the last


@dataclass(frozen=True, slots=True, eq=False)
class VertebraFit:
    """A fitted vertebra.

    Parameters
    ----------
    spec : VertebraSpec
        The sizes found.
    patient_from_body : Transform
        The pose found.
    shape : Implicit
        The bone in the patient.
    rms_mm : float
        Root mean square distance between the two surfaces, both ways.
    """

    spec: VertebraSpec
    patient_from_body: Transform
    shape: Implicit
    rms_mm: float


@cache
def average(vertebra: str) -> tuple[VertebraSpec, Mapping[str, float]]:
    """The mean vertebra of a level, and how far each fitted size may leave it (one SD, twice that
    of the phantom's population)."""
    path = presets.folder("phantoms") / f"{AVERAGE}.toml"
    entries = presets.read_toml(path)["vertebra"]
    spread = {}
    for name in FITTED:
        sd = entries[name]["sd"] if name in entries else _JOINT_SD[name]
        spread[name] = _LOOSE * float(sd[LEVELS.index(vertebra)] if isinstance(sd, list) else sd)
    return column(spine_spec(AVERAGE)).vertebrae[vertebra], MappingProxyType(spread)


def fit_vertebra(
    surface: LabelSurface,
    mean: VertebraSpec,
    spread: Mapping[str, float],
    *,
    start: Transform,
) -> VertebraFit:
    """Least squares of pose and sizes of the parametric vertebra, robust, both ways.

    Three kinds of residuals are brought down together: the distance of the label's surface points
    from the model; in a band about the label, the difference of the two distances, both saturated
    at 4 mm (so that what the model has too much counts like what it lacks); and each size's
    departure from ``mean`` in units of its ``spread``, so that what the label does not show stays
    as it is on average. First the pose, then all on a third of the points, then on all.

    Parameters
    ----------
    surface : LabelSurface
        Of the labelled vertebra.
    mean : VertebraSpec
        The average vertebra of this level.
    spread : mapping of str to float
        Standard deviation of each size that is fitted, in the unit of that field.
    start : Transform
        ``patient_from_body`` to start from, within about 20 degrees and 15 mm.
    """
    near = _band(surface)
    limit = np.repeat([np.inf, _SATURATED_MM], [len(surface.points_mm), len(near)])
    label = np.concatenate([np.zeros(len(surface.points_mm)), surface.distance_mm(near)])
    wanted = np.clip(label, -limit, limit)
    points = np.concatenate([surface.points_mm, near])
    every = _Problem(points, wanted, limit, mean, spread, start)
    third = replace(every, points=points[::3], wanted=wanted[::3], limit=limit[::3], weight=3.0)
    pose = third.solved(np.zeros(6), 10)
    sizes = third.solved(np.concatenate([pose, np.zeros(len(spread))]), 10)
    spec, placed = every.at(every.solved(sizes, 4))
    shape = vertebra_shape(spec).moved(placed)
    return VertebraFit(spec, placed, shape, surface_rms_mm(surface, shape, near))


def start_pose(vertebra: str, surfaces: Mapping[str, LabelSurface]) -> Transform:
    """``patient_from_body`` to start from: the body's middle, up along the column of middles.

    Back is from the body's middle towards the middle of the whole label. A vertebra without a
    neighbour among ``surfaces`` stands upright.
    """
    core = {name: surface.core_mm() for name, surface in surfaces.items()}
    order = sorted(core, key=lambda name: float(core[name][2]))
    here = order.index(vertebra)
    up = core[order[min(here + 1, len(order) - 1)]] - core[order[max(here - 1, 0)]]
    up = unit(up) if len(order) > 1 else np.array([0.0, 0.0, 1.0])
    part = surfaces[vertebra].part
    middle = part.patient_from_voxel.apply(np.argwhere(part.array > 0)).mean(axis=0)
    back = middle - core[vertebra]
    back = unit(back - up * float(back @ up))
    axes = np.stack([np.cross(back, up), back, up], axis=1)
    return rigid(axes, core[vertebra], source=Frame(vertebra))


def surface_rms_mm(surface: LabelSurface, shape: Implicit, near_mm: Points) -> float:
    """Root mean square surface distance in mm: label to model and model to label, equal shares.

    The model's surface is sampled by bringing those of ``near_mm`` (Q, 3) that lie within 3 mm of
    it onto it.
    """
    there = shape.distance_mm(surface.points_mm)
    on_model = near_mm[np.abs(shape.distance_mm(near_mm)) < 3.0]
    for _ in range(4):
        on_model = on_model - shape.distance_mm(on_model)[:, None] * shape.gradient(on_model)
    on_model = on_model[np.abs(shape.distance_mm(on_model)) < 0.1]
    back = surface.distance_mm(on_model)
    return float(np.sqrt(0.5 * (np.mean(there**2) + np.mean(back**2))))


_shape = lru_cache(maxsize=8)(vertebra_shape)  # the slopes along the pose share one


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """Residuals of `fit_vertebra` as a function of 3 turns, 3 shifts, then sizes in spreads."""

    points: Points
    wanted: Points  # distance that the model should have at each point, mm
    limit: Points  # where that of the model saturates, mm
    mean: VertebraSpec
    spread: Mapping[str, float]
    start: Transform
    weight: float = 1.0  # how many points each one stands for

    def at(self, unknowns: Points) -> tuple[VertebraSpec, Transform]:
        """Sizes and pose that the unknowns stand for."""
        turn = Rotation.from_rotvec(_TURN_RAD * unknowns[:3]).as_matrix()
        matrix = self.start.matrix.copy()
        matrix[:3, :3] = matrix[:3, :3] @ turn
        matrix[:3, 3] += _SHIFT_MM * unknowns[3:6]
        sizes = {}
        for (name, sd), z in zip(self.spread.items(), unknowns[6:].tolist(), strict=False):
            mean = getattr(self.mean, name)
            either_sign = name.endswith("_deg") or name in _SIGNED
            sizes[name] = mean + sd * z if either_sign else mean * float(np.exp(sd / mean * z))
        pose = Transform(matrix, target=self.start.target, source=self.start.source)
        return replace(self.mean, **sizes), pose

    def misfits(self, unknowns: Points, which: NDArray[np.bool_] | None = None) -> Points:
        """Model less wanted distance at the points in units of the noise, robust (pseudo-Huber)."""
        spec, pose = self.at(unknowns)
        part = slice(None) if which is None else which
        model = _shape(spec).distance_mm(pose.inverse().apply(self.points[part]))
        limit = self.limit[part]
        off = np.clip(model, -limit, limit) - self.wanted[part]
        square = 2 * _ROBUST_MM**2 * (np.hypot(1, off / _ROBUST_MM) - 1)
        return np.asarray(np.sign(off) * np.sqrt(square) * (np.sqrt(self.weight) / _NOISE_MM))

    def residuals(self, unknowns: Points) -> Points:
        """Misfits, then the departures of the sizes."""
        return np.concatenate([self.misfits(unknowns), unknowns[6:]])

    def tried(self, unknowns: Points) -> Points | None:
        """The residuals, or ``None`` where the sizes make no vertebra."""
        try:
            return self.residuals(unknowns)
        except InputError:
            return None

    def slopes(self, unknowns: Points, here: Points) -> Points:
        """Forward differences (R, U) of the residuals, which are ``here`` at the unknowns.

        Sizes of the posterior elements do not move the body, so only points behind its centre are
        looked at for them.
        """
        count = len(self.points)
        every = np.ones(count, dtype=bool)
        behind = self.at(unknowns)[1].inverse().apply(self.points)[:, 1] > 0
        found = np.zeros((len(here), len(unknowns)))
        found[count:, 6:] = np.eye(len(unknowns) - 6)
        for k in range(len(unknowns)):
            moved = unknowns.copy()
            moved[k] += _STEP
            which = every if k < 6 + _OF_BODY else behind
            found[:count][which, k] = (self.misfits(moved, which) - here[:count][which]) / _STEP
        return found

    def solved(self, unknowns: Points, most: int) -> Points:
        """The unknowns at the least sum of squares, after at most ``most`` steps.

        Levenberg-Marquardt (doi:10.1137/0111030) on the normal equations; they are summed without
        BLAS, whose last bits depend on its threads.
        """
        here, damping = self.residuals(unknowns), 1e-2
        for _ in range(most):
            slopes = self.slopes(unknowns, here)
            normal = np.einsum("ni,nj->ij", slopes, slopes)
            downhill = -np.einsum("ni,n->i", slopes, here)
            before = float(np.square(here).sum())
            for _ in range(_TRIALS):
                step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), downhill)
                there = self.tried(unknowns + step)
                if there is not None and np.square(there).sum() < before:
                    break
                damping *= 6.0
            else:
                return unknowns
            unknowns, here, damping = unknowns + step, there, damping / 6.0
            if before - np.square(here).sum() < _ENOUGH * before:
                break
        return unknowns


def _band(surface: LabelSurface) -> Points:
    """Grid points (Q, 3) about 4 mm apart within 7 mm of the label's surface, 8 mm beyond."""
    part = surface.part
    steps = [max(1, round(4.0 / float(step))) for step in part.spacing_mm]
    axes = [np.arange(0, n, step) for n, step in zip(part.shape, steps, strict=True)]
    index = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    points = part.patient_from_voxel.apply(index)
    far = np.abs(surface.distance_mm(points))
    sparse = (index // steps % 2 == 0).all(axis=1)
    return np.asarray(points[(far < _BAND_MM) | ((far < _FAR_MM) & sparse)])
