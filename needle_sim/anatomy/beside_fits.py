"""What else fitted vertebrae let one infer: ganglia, sacral nerves, chains, arteries and cord."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from needle_sim.anatomy.anatomy import Structure
from needle_sim.anatomy.dural_sac import SAC_MM
from needle_sim.anatomy.inferred import NO_WALLS
from needle_sim.anatomy.joined import column_of
from needle_sim.anatomy.numbering import rank
from needle_sim.anatomy.past_below import from_aorta
from needle_sim.anatomy.phantom.beside_bodies import segmental_arteries, sympathetic_chains
from needle_sim.anatomy.phantom.column import Column
from needle_sim.anatomy.phantom.cord import in_the_sac
from needle_sim.anatomy.phantom.course import Wall, clear_of, ganglion
from needle_sim.anatomy.phantom.posts import SIDES
from needle_sim.anatomy.phantom.sacral_nerves import lateral_branches, sacral_roots
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.vertebra_fit import AVERAGE, VertebraFit
from needle_sim.geometry.paths import resample
from needle_sim.geometry.shapes import Implicit, Tube
from needle_sim.geometry.transform import unit
from needle_sim.volume.volume import Note

Points = NDArray[np.float64]


def beside_fits(
    fits: Mapping[str, VertebraFit],
    known: Mapping[str, Structure],
    walls: Mapping[str, Wall] = NO_WALLS,
    aorta: Structure | None = None,
) -> dict[str, Structure]:
    """Structures by name that the phantom's rules add to fitted bones, all *inferred*.

    Ganglia, roots S2 and S3, lateral branches, sympathetic chains, segmental arteries, cord and
    cauda equina. What needs a level that is not fitted is left out; `inferred_note` says so.

    Parameters
    ----------
    fits : mapping of str to VertebraFit
        By vertebra, joined.
    known : mapping of str to Structure
        Dural sac and roots of `needle_sim.anatomy.inferred.structures_of`.
    walls : mapping of str to Wall
        Labelled bones by vertebra, which ganglia, chains and arteries must not run into either.
    aorta : Structure, optional
        As labelled; segmental arteries leave its wall.
    """
    own = {one: fit.shape.moved(fit.patient_from_body.inverse()) for one, fit in fits.items()}
    arteries = (_off(one, walls) for one in _arteries(fits, own))
    found = [_off(one, walls) for one in _chains(fits, own)]
    found += [one if aorta is None else from_aorta(one, aorta) for one in arteries]
    found += _ganglia(fits, known, walls)
    found += _in_the_sac(fits, known["dura"])
    if "S1" in fits and fits["S1"].sacrum is not None:
        fit, sizes = fits["S1"], fits["S1"].sacrum
        alone = Column({"S1": fit.spec}, {"S1": fit.patient_from_body})
        found += sacral_roots(alone, sizes, fit.shape)
        found += lateral_branches(alone, sizes, own["S1"])
    return {one.name: replace(one, provenance="inferred") for one in found if one.name not in known}


def inferred_note(fits: Mapping[str, VertebraFit], measured: Sequence[str]) -> Note:
    """One note: what is measured, what is inferred, and what is left out and why.

    ``measured`` are the names of vessels that the labels show.
    """
    vessels = ", ".join(measured) or "none"
    inferred = ["landmarks, facet joints, discs, flava, foramina, dura, roots, ganglia"]
    inferred += ["medial branches, sympathetic chains, segmental arteries"]
    left_out = []
    if "S1" in fits:
        inferred.append("S1-S3 nerves, lateral branches, hiatus and sacrococcygeal ligament")
        left_out.append("sacroiliac joints (iliac wings are not fitted)")
    else:
        left_out.append("sacral nerves, hiatus and sacroiliac joints (the sacrum is not fitted)")
    if "L1" in fits:
        inferred.append("cord and cauda equina (conus where it lies on the mean, SD 15 mm)")
    elif _below_l1(fits):
        inferred.append("cauda equina")
        left_out.append("cord and conus (L1 is not fitted)")
    else:
        left_out.append("cord, conus and cauda equina (L1 is not fitted)")
    left_out.append("great radiculomedullary artery (its side and level cannot be known)")
    text = (
        f"inferred from vertebrae fitted to the labels: {', '.join(inferred)}; measured: bone "
        f"surfaces, vessels from labels ({vessels}); left out: {', '.join(left_out)}"
    )
    return Note("", "structures", "", text)


def _off(structure: Structure, walls: Mapping[str, Wall]) -> Structure:
    """A structure outside the sacrum moved out of labelled bones."""
    own = _but_sacrum(walls)
    tubes = [Tube(clear_of(t.points_mm, t.radius_mm, own), t.radius_mm) for t in structure.tubes]
    return replace(structure, tubes=tuple(tubes))


def _but_sacrum(walls: Mapping[str, Wall]) -> list[Wall]:
    """Labels of sacra fill their canals and holes, in which nerves run."""
    return [wall for vertebra, wall in walls.items() if vertebra != "S1"]


def _ganglia(
    fits: Mapping[str, VertebraFit], known: Mapping[str, Structure], walls: Mapping[str, Wall]
) -> Iterator[Structure]:
    """The ganglion of each vertebra, on its root as bones leave it room."""
    bones = [*(fit.shape for fit in fits.values()), *_but_sacrum(walls)]
    for level, fit in fits.items():
        if fit.sacrum is not None:
            continue
        for side in SIDES:
            tube = ganglion(fit.spec, side).moved(fit.patient_from_body)
            root = resample(known[f"{level} {side} root"].tubes[0].points_mm, 0.25)
            middle = tube.points_mm[1]
            nearest = root[np.argmin(np.linalg.norm(root - middle, axis=1))]
            points = clear_of(tube.points_mm + (nearest - middle), tube.radius_mm, bones)
            yield Structure(
                f"{level} {side} ganglion", "ganglion", (Tube(points, tube.radius_mm),), "inferred"
            )


def _chains(fits: Mapping[str, VertebraFit], own: Mapping[str, Implicit]) -> Iterator[Structure]:
    """A tube for each run of neighbours: none is drawn past a vertebra that is not fitted."""
    tubes: dict[str, list[Tube]] = {}
    whole = column_of(fits)
    for run in _runs(whole):
        part = _part(whole, run)
        for one in sympathetic_chains(part, own, [level for level in run if level != "S1"]):
            tubes.setdefault(one.name, []).extend(one.tubes)
    for name, found in tubes.items():
        yield Structure(name, "sympathetic", tuple(found), "inferred")


def _runs(column: Column) -> list[list[str]]:
    """Levels from the top, parted where one is missing between them; none of the sacrum alone."""
    runs: list[list[str]] = []
    for level in column.levels:
        if runs and (runs[-1][-1], level) in column.pairs:
            runs[-1].append(level)
        else:
            runs.append([level])
    return [run for run in runs if run != ["S1"]]


def _part(column: Column, levels: Sequence[str]) -> Column:
    return Column(
        {one: column.vertebrae[one] for one in levels}, {one: column.bodies[one] for one in levels}
    )


def _arteries(fits: Mapping[str, VertebraFit], own: Mapping[str, Implicit]) -> Iterator[Structure]:
    """At every vertebra but S1 and the one on it."""
    column = column_of(fits)
    free = [one for one in column.levels if one != "S1"]
    last = free[-1:] if "S1" in fits else [one for one in free if one in ("L5", "L6")]
    yield from segmental_arteries(column, own, [one for one in free if one not in last])


def _below_l1(fits: Mapping[str, VertebraFit]) -> bool:
    return min(rank(one) for one in fits) > rank("L1")


def _in_the_sac(fits: Mapping[str, VertebraFit], dura: Structure) -> list[Structure]:
    """Cord and cauda equina as far as L1 says where the conus is on the mean."""
    middle = dura.tubes[len(dura.tubes) // 2]
    line, deep = middle.points_mm[::-1], middle.radius_mm[::-1]
    across = (dura.tubes[-1].points_mm - dura.tubes[0].points_mm)[::-1]
    left = np.stack([unit(one) for one in across])
    if "L1" in fits:
        below = [0.0, 0.0, -spine_spec(AVERAGE).cord["conus_mm"]]
        tip = float(fits["L1"].patient_from_body.apply(below)[2])
    elif _below_l1(fits):
        tip = np.inf
    else:
        return []
    half = deep[:, None] * np.array([SAC_MM[0] / SAC_MM[1], 1.0])
    return in_the_sac(line, half, tip, left)
