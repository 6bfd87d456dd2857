"""`radiograph`: from path lengths and a beam to the detector's signal, needles included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.target import Target
from needle_sim.errors import InputError
from needle_sim.imaging.xray import dose
from needle_sim.imaging.xray.bare import Bare, bare, with_needles
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm, project_points
from needle_sim.imaging.xray.chords import line_mm, seen_polyline
from needle_sim.imaging.xray.collimation import Collimation, open_share
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.flanks import flank_notes
from needle_sim.imaging.xray.materials import Materials, prepare
from needle_sim.imaging.xray.projector import PathLengths, project
from needle_sim.imaging.xray.readout import as_seen, mask_seen, open_seen, read_out, share_seen
from needle_sim.imaging.xray.receptor.intensifier import Intensifier, flat_at, seen_at
from needle_sim.imaging.xray.truth import truth_of
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.tool_placed import PlacedTool
from needle_sim.shown import Pictured
from needle_sim.volume.volume import Note, Volume

Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Radiograph(Pictured):
    """One X-ray picture.

    Parameters
    ----------
    array : (R, C) float32 array, keV/pixel
        Detector signal, the energy absorbed; more X-ray is larger. Never flipped.
    carm, beam : CArm, Beam
        How it was taken.
    row_direction, column_direction : (3,) arrays
        Unit vectors in patient LPS along which the row and the column index grow.
    kap_ugy_m2 : float, µGy m2
        Kerma-area product of this picture.
    kerma_mgy : float, mGy
        Air kerma at the patient entrance reference point.
    truth : mapping
        ``"needles"``: tuple of (N, 2) row and column polylines, hub first and tip last;
        ``"tools"``: the same of tools, rear end first;
        ``"cut"``: (R, C) bool, rays that the end of the volume cuts; ``"cut_share"``: their share;
        of a collimated picture ``"collimation"``; of it and of a round one ``"open"``: (R, C), the
        share of the beam that is let through; where flanks were made up ``"made_up"``: (R, C),
        their share of the mass on each ray; where it was asked for ``"anatomy"``: `truth.Truth`.
        All of it as it is seen: bent where the picture is.
    intensifier : Intensifier or None
        What bends the picture, if anything does: see `pixels_of`.
    notes : tuple of Note
        Faults that the picture can be had with, such as a beam starved of photons.
    """

    array: Image
    carm: CArm
    beam: Beam
    row_direction: NDArray[np.float64]
    column_direction: NDArray[np.float64]
    kap_ugy_m2: float
    kerma_mgy: float
    truth: Mapping[str, Any]
    intensifier: Intensifier | None = None
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        if self.array.shape != self.carm.shape or self.array.dtype != np.float32:
            raise InputError(
                f"a picture of {self.carm.shape} float32 is wanted, got {self.array.shape} "
                f"{self.array.dtype}"
            )
        self.array.flags.writeable = False
        object.__setattr__(self, "truth", MappingProxyType(dict(self.truth)))

    def pixels_of(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Row and column (..., 2) at which points (..., 3) of the patient are seen.

        As `carm.project_points`, and bent where the picture is.
        """
        return self.seen_at(project_points(self.carm, points_mm))

    def seen_at(self, rowcol: ArrayLike) -> NDArray[np.float64]:
        """Where places (..., 2) of the flat detector of ``carm`` are seen in this picture."""
        if self.intensifier is None:
            return np.asarray(rowcol, dtype=np.float64)
        return seen_at(self.intensifier, self.carm, rowcol)

    def flat_at(self, rowcol: ArrayLike) -> NDArray[np.float64]:
        """Places (..., 2) of the flat detector seen at row and column: `seen_at` undone.

        What reckons with ``carm`` (rays, triangulation, positioner geometry) wants these.
        """
        if self.intensifier is None:
            return np.asarray(rowcol, dtype=np.float64)
        return flat_at(self.intensifier, self.carm, rowcol)

    def facts(self) -> dict[str, str]:
        """Pose, beam and dose, for a notebook."""
        return {
            "rows x columns": " x ".join(str(side) for side in self.array.shape),
            "orbital, tilt, degrees": f"{self.carm.orbital_deg:g}, {self.carm.tilt_deg:g}",
            "beam": f"{self.beam.kvp:g} kV, {self.beam.mas:.3g} mAs",
            "kerma-area product, µGy m2": f"{self.kap_ugy_m2:.3g}",
            "reference air kerma, mGy": f"{self.kerma_mgy:.3g}",
            "needles": str(len(self.truth.get("needles", ()))),
        }


def radiograph(
    patient: Volume | Materials | Anatomy,
    carm: CArm,
    beam: Beam,
    *,
    needles: Sequence[PlacedNeedle] = (),
    tools: Sequence[PlacedTool] = (),
    contrast: Volume | None = None,
    rng: np.random.Generator | None = None,
    detector: Detector | None = None,
    collimation: Collimation | None = None,
    truth: bool = False,
    target: Target | None = None,
) -> Radiograph:
    """An X-ray picture of a patient: `prepare`, `project` and `expose` in one.

    Give `Materials` (from `prepare`) when more than one picture is taken of a volume. With
    ``truth`` an `Anatomy` is wanted, and ``Radiograph.truth["anatomy"]`` holds a `truth.Truth`:
    masks of its bones, nerves, vessels and of ``target``, landmarks, instruments and pose.
    """
    if truth and not isinstance(patient, Anatomy):
        raise InputError(
            f"truth=True needs an Anatomy, got {type(patient).__name__}: give one, or call truth_of"
        )
    if isinstance(patient, Anatomy):
        materials = prepare(patient.ct, inset=patient.inset)
    else:
        materials = prepare(patient) if isinstance(patient, Volume) else patient
    field = {"detector": detector, "collimation": collimation}
    placed = {"needles": needles, "tools": tools}
    shot = expose(project(materials, carm), beam, contrast=contrast, rng=rng, **placed, **field)  # type: ignore[arg-type]
    if not truth or not isinstance(patient, Anatomy):
        return shot
    known = truth_of(patient, carm, target=target, **placed, **field)  # type: ignore[arg-type]
    return replace(shot, truth={**shot.truth, "anatomy": known})


def expose(
    paths: PathLengths | Bare,
    beam: Beam,
    *,
    needles: Sequence[PlacedNeedle] = (),
    tools: Sequence[PlacedTool] = (),
    contrast: Volume | None = None,
    rng: np.random.Generator | None = None,
    detector: Detector | None = None,
    collimation: Collimation | None = None,
) -> Radiograph:
    """The picture that a beam makes behind path lengths; the volume is not cast again.

    Parameters
    ----------
    paths : PathLengths or Bare
        From `project`; knows its pose. Where the volume ends inside the body, the body is taken to
        go on as soft tissue without detail: see `cut_share`. A `Bare` of this beam saves most of
        the work where only needles move.
    beam : Beam
    needles : sequence of PlacedNeedle
        Drawn by the exact chord of each ray, in the pixels that they touch.
    tools : sequence of PlacedTool
        Leads, screws, cement and the like, drawn the same way.
    contrast : Volume or None, mg/mL
        Iodine in the patient (``quantity`` "iodine_mg_ml"); projected here, on its own small grid.
    rng : Generator or None
        Draws quantum and electronic noise; without it the picture has none.
    detector : Detector or None
        ``Detector.preset("mobile_flat_panel")`` when None.
    collimation : Collimation or None
        The field that the blades leave open; the whole detector when None.

    Returns
    -------
    Radiograph
        Blur and noise act on the finished signal, so that needle and bone are treated alike.
    """
    behind = _of_beam(paths, beam, contrast, detector, collimation)
    carm, used = behind.paths.carm, behind.detector
    signal, energy = behind.seen, behind.energy
    if needles or tools:
        signal, energy = with_needles(behind, needles, tools)
    array, notes = read_out(signal, energy, carm, used, rng)
    field = behind.collimation
    share = 1.0 if field is None else open_share(carm, field)
    return Radiograph(
        array,
        carm,
        beam,
        carm.row_direction,
        carm.column_direction,
        dose.kerma_area_ugy_m2(beam, carm) * share,
        dose.reference_kerma_mgy(beam, carm),
        _known(behind, needles, tools),
        used.intensifier,
        (*notes, *flank_notes(behind.made_up)),
    )


def _known(
    behind: Bare, needles: Sequence[PlacedNeedle], tools: Sequence[PlacedTool]
) -> dict[str, Any]:
    """What is known of a picture, as it is seen: `Radiograph.truth`."""
    carm, used, field = behind.paths.carm, behind.detector, behind.collimation
    opened = open_seen(behind.open, carm, used)
    made_up = None if behind.made_up is None else share_seen(behind.made_up, carm, used)
    lines = [
        tuple(as_seen(seen_polyline(carm, line_mm(one)), carm, used) for one in placed)
        for placed in (needles, tools)
    ]
    return {
        "needles": lines[0],
        "tools": lines[1],
        "cut": mask_seen(behind.cut, carm, used),
        "cut_share": float(behind.cut.mean()),
        **({} if opened is None else {"open": opened}),
        **({} if made_up is None else {"made_up": made_up}),
        **({} if field is None else {"collimation": field}),
    }


def _of_beam(
    paths: PathLengths | Bare,
    beam: Beam,
    contrast: Volume | None,
    detector: Detector | None,
    collimation: Collimation | None,
) -> Bare:
    if isinstance(paths, PathLengths):
        return bare(paths, beam, contrast=contrast, detector=detector, collimation=collimation)
    if paths.beam != beam or contrast is not None:
        raise InputError("this Bare belongs to another beam or has its contrast: make it anew")
    if collimation not in (None, paths.collimation):
        raise InputError("this Bare belongs to another collimated field: make it anew")
    return paths


def cut_share(radiograph: Radiograph) -> float:
    """Share, 0 to 1, of the field whose rays leave the volume inside the body.

    What lies beyond is drawn as soft tissue without detail, so bone is missing there.
    """
    return float(radiograph.truth.get("cut_share", 0.0))
