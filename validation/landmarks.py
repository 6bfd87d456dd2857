"""Landmarks of the parametric bone beside picks on a mesh of it.

Each vertebra is drawn from the population, its signed distance sampled every 0.5 mm and meshed, and
each landmark picked on the mesh by a rule that knows vertices and sections alone
(`validation.landmark_picks`). The bounds are the acceptance of this project: over 200 phantoms
1.0 mm in the mean of each landmark, and 2.0 mm at most.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from needle_sim.anatomy.phantom.build import bones_of
from needle_sim.anatomy.phantom.column import Column, column
from needle_sim.anatomy.phantom.sacral_landmarks import sacrum_landmarks
from needle_sim.anatomy.phantom.spec import generator, spine_spec
from needle_sim.anatomy.phantom.vertebra import vertebra_landmarks
from needle_sim.errors import NeedleSimError
from needle_sim.geometry.mesh import Mesh
from validation.body_picks import SIGNS, Picks
from validation.fine_mesh import fine_mesh
from validation.foramen_picks import foramen
from validation.groove_picks import groove
from validation.joint_picks import joint, superior_face
from validation.landmark_picks import picks
from validation.sacrum_picks import sacral_picks

PHANTOMS = 200
MEAN_MM, MOST_MM = 1.0, 2.0
STEP_MM = 0.5
REFUSED = "phantom that is refused"


@dataclass(frozen=True, slots=True)
class Gap:
    """How far one landmark of one vertebra lies from its pick."""

    name: str
    seed: int
    level: str
    mm: float


def gaps(seeds: Sequence[int], name: str = "lumbar_normal") -> Iterator[Gap]:
    """Every pick on every vertebra of a phantom's population; one infinite gap for a phantom that
    could not be built."""
    for seed in seeds:
        try:
            yield from _of_one(seed, name)
        except NeedleSimError as error:
            print(f"seed {seed} is refused: {error}", file=sys.stderr, flush=True)
            yield Gap(REFUSED, seed, "spine", np.inf)


def _of_one(seed: int, name: str) -> Iterator[Gap]:
    spine = spine_spec(name, rng=generator(seed))
    stack = column(spine)
    own, _ = bones_of(stack, spine.sacrum)
    meshes = {level: fine_mesh(own[level], step_mm=STEP_MM) for level in stack.levels}
    for level in stack.levels:
        spec = stack.vertebrae[level]
        if level == "S1":
            truth = sacrum_landmarks(spec, spine.sacrum, own[level])
            found = sacral_picks(meshes[level])
        else:
            truth = vertebra_landmarks(spec, bone=own[level])
            found = picks(meshes[level], lumbar=level.startswith("L"))
            found |= _joints(stack, level, meshes) | _faces(stack, level, meshes)
            for side, sign in SIGNS.items():
                beside = foramen(meshes[level], sign)
                beside |= groove(meshes[level], sign) if level.startswith("L") else {}
                found |= {f"{side} {key}": at for key, at in beside.items()}
        for key, at in found.items():
            bare = key.rpartition(" ")[2]
            yield Gap(bare, seed, level, float(np.linalg.norm(at - truth[key])))


def _joints(stack: Column, upper: str, meshes: dict[str, Mesh]) -> Picks:
    lower = dict(stack.pairs).get(upper)
    if lower is None:
        return {}
    step = stack.bodies[upper].inverse() @ stack.bodies[lower]
    below = Mesh(step.apply(meshes[lower].points_mm), meshes[lower].faces)
    found = {}
    for side, sign in SIGNS.items():
        for name, at in joint(meshes[upper], below, sign).items():
            found[f"{side} {name}"] = at
    return found


def _faces(stack: Column, lower: str, meshes: dict[str, Mesh]) -> Picks:
    upper = {below: above for above, below in stack.pairs}.get(lower)
    if upper is None:
        return {}
    step = stack.bodies[lower].inverse() @ stack.bodies[upper]
    above = Mesh(step.apply(meshes[upper].points_mm), meshes[upper].faces)
    return {
        f"{side} {name}": at
        for side, sign in SIGNS.items()
        for name, at in superior_face(meshes[lower], above, sign).items()
    }


def by_name(found: Iterator[Gap]) -> dict[str, list[Gap]]:
    """Gaps of each landmark, both sides and all levels together."""
    sorted_by: dict[str, list[Gap]] = defaultdict(list)
    for gap in found:
        sorted_by[gap.name].append(gap)
    return dict(sorted_by)


def faults(found: dict[str, list[Gap]]) -> list[str]:
    """Landmarks beyond a bound, in words."""
    said = []
    for name, own in found.items():
        if name == REFUSED:
            said += [f"seed {gap.seed}: its spine is refused" for gap in own]
            continue
        far = max(own, key=lambda gap: gap.mm)
        mean = float(np.mean([gap.mm for gap in own]))
        if mean > MEAN_MM:
            said.append(f"{name}: mean {mean:.2f} mm over {MEAN_MM:g} mm")
        if far.mm > MOST_MM:
            said.append(f"{name}: {far.mm:.2f} mm at {far.level}, seed {far.seed}")
    return said


def _told(found: Iterator[Gap]) -> Iterator[Gap]:
    """The same, saying on stderr how far it is and at once what is beyond the bound."""
    seed = -1
    for gap in found:
        if gap.seed != seed:
            seed = gap.seed
            print(f"seed {seed}", file=sys.stderr, flush=True)
        if gap.mm > MOST_MM:
            print(f"  {gap.name}: {gap.mm:.2f} mm at {gap.level}", file=sys.stderr, flush=True)
        yield gap


def asked(arguments: list[str]) -> list[int]:
    """Seeds of ``[N]`` or ``seeds A B-C ...``."""
    if arguments[:1] != ["seeds"]:
        return list(range(int(arguments[-1]) if arguments else PHANTOMS))
    found: list[int] = []
    for one in arguments[1:]:
        first, _, last = one.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def main(arguments: list[str]) -> int:
    """Print n, mean and most of each landmark; 1 when a bound is broken or a spine is refused.

    Over N phantoms (200), or over the seeds after ``seeds``: ``landmarks seeds 142 159``, and
    ``landmarks seeds 100-199`` for the second half.
    """
    seeds = asked(arguments)
    found = by_name(_told(gaps(seeds)))
    said = faults(found)
    found.pop(REFUSED, None)
    print(f"{'landmark':34} {'n':>5} mean mm  max mm")
    for name, own in found.items():
        sizes = [gap.mm for gap in own]
        far = max(own, key=lambda gap: gap.mm)
        print(
            f"{name:34} {len(own):5d} {np.mean(sizes):7.2f} {far.mm:7.2f}  "
            f"{far.level} seed {far.seed}"
        )
    every = [gap.mm for own in found.values() for gap in own]
    if every:
        print(f"{len(found)} landmarks, {len(every)} picks on {len(seeds)} phantoms: mean "
              f"{np.mean(every):.2f} mm, most {max(every):.2f} mm")  # fmt: skip
    for line in said:
        print(f"FAILS {line}")
    return 1 if said else 0
