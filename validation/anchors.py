"""Published geometry beside that of drawn people: every anchor that is about shapes alone.

No voxel is painted: paths, angles and areas are measured on bones, nerves, kidneys and skin. A
figure holds within the SD that was published, a rate within 10 points; where no SD was published
(disc access) within 10 mm or 10 degrees, a choice of this project. The bounds of fewer people than
`PEOPLE` are wider by two standard errors.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import needle_sim as ns
from needle_sim.anatomy.phantom.build import drafted
from needle_sim.anatomy.phantom.kidney import kidney_shape
from needle_sim.anatomy.phantom.pathology.draft import Draft
from needle_sim.anatomy.phantom.posts import SIDES, side_sign
from needle_sim.anatomy.phantom.trunk import Trunk
from needle_sim.geometry.transform import unit
from validation.kambin import safe_region
from validation.skin_depth import skin_to_epidural_mm

Points = NDArray[np.float64]
PEOPLE, SEED = 200, 11
NEEDLE_MM = 0.5  # radius
POINTS = 10.0  # percentage points of a rate
KIDNEY = {
    (60, "L2"): (1.4, 2.8), (60, "L3"): (0.0, 0.0), (60, "L4"): (0.0, 0.0),
    (80, "L2"): (26.0, 26.0), (80, "L3"): (4.1, 2.7), (80, "L4"): (0.0, 0.0),
    (100, "L2"): (57.5, 65.8), (100, "L3"): (19.2, 26.0), (100, "L4"): (1.4, 1.4),
}  # fmt: skip
"""Percent of right and left kidneys on the path to the sympathetic trunk, by distance of the entry
from the midline and level (Weyland 1993, Anaesthesist 42:710, n = 73)."""
ELECTRODE = ((29.29, 17.82, 47.22, 16.27), (33.53, 10.23, 49.19, 10.69))
"""Least and greatest mean of a level with their SDs: lateral of the parasagittal plane from behind,
caudal of the upper endplate from the side (Tran 2023, Pain Med 24:488, doi:10.1093/pm/pnac120)."""
DISC = {"L3-L4": (64.0, 40.0, -3.0), "L4-L5": (77.0, 47.0, 10.0), "L5-S1": (85.0, 52.0, 27.0)}
"""Entry from the midline, medial and caudal inclination towards the centre of the nucleus
(Rajagopal, 102 MRIs, Malaysia)."""
KAMBIN = {"L1-L2": (67.94, 15.22, 7.23, 1.17), "L5-S1": (140.99, 26.06, 12.59, 1.63)}
"""Area and height with their SDs (JOSR 2022 17:543, doi:10.1186/s13018-022-03428-3)."""
COHORTS = {(None, 24.0): 45.0, ("female", 29.8): 53.0, ("female", 32.4): 62.0}
"""Skin to epidural space at L3-L4 by sex and BMI: EWHA96, RAPM19, SOAP14."""
COHORT_MM, COHORT = 3.0, 60


@dataclass(frozen=True, slots=True)
class Anchor:
    """A published figure and what the phantom has: ``low`` and ``high`` bound ``found``."""

    name: str
    unit: str
    published: str
    found: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Within its bounds."""
        return self.low <= self.found <= self.high


def drafts(count: int) -> Iterator[Draft]:
    """The shapes of people drawn from the population."""
    people = ns.sample_population(count, SEED)
    for index in range(count):
        yield drafted(people.spine(index))


def measured(count: int) -> dict[str, list[float]]:
    """Every measure of every person, both sides, by its name."""
    found: dict[str, list[float]] = defaultdict(list)
    for draft in drafts(count):
        for rule in (kidney_hits, electrode_angles, disc_access, kambin):
            for name, value in rule(draft):
                found[name].append(value)
    return found


def kidney_hits(draft: Draft) -> Iterator[tuple[str, float]]:
    """100 where an axial path from the skin to the sympathetic trunk meets the kidney, else 0.

    The path passes the body; where it would run into it, it ends beside the trunk.
    """
    trunk = Trunk(draft.stack, draft.spine.trunk)
    for side in SIDES:
        shape = kidney_shape(draft.stack, draft.spine.kidney, side)
        (chain,) = draft.structures[f"{side} sympathetic chain"].tubes
        for aside, level in KIDNEY:
            body = draft.stack.bodies[level].matrix[:3, 3]
            goal = chain.points_mm[np.argmin(np.abs(chain.points_mm[:, 2] - body[2]))]
            out = np.arange(0.0, 160.0, 0.5)
            line = np.column_stack(
                [0 * out + body[0] + side_sign(side) * aside, body[1] + out, 0 * out + goal[2]]
            )
            entry = line[np.argmax(trunk.skin_mm(line) > 0)]
            path = _past_body(draft, level, goal, entry)
            hit = bool((shape.distance_mm(path) < 0).any())
            yield f"kidney {aside} mm {level} {side}", 100.0 * hit


def _past_body(draft: Draft, level: str, goal: Points, entry: Points) -> Points:
    """The path (N, 3) from an entry to the place nearest to a goal that passes the body."""
    back = draft.stack.bodies[level].matrix[1, 3] + draft.stack.vertebrae[level].back_mm
    for beside in np.arange(0.0, 30.0, 0.5):
        end = goal + np.array([np.sign(entry[0] - goal[0]) * beside, 0.0, 0.0])
        path = end + np.linspace(0.0, 1.0, 150)[:, None] * (entry - end)
        near = path[path[:, 1] < back]
        if draft.bones[level].distance_mm(near).min() > NEEDLE_MM:
            break
    return np.asarray(path)


def electrode_angles(draft: Draft) -> Iterator[tuple[str, float]]:
    """Of a needle along the neck of the SAP: lateral as seen from behind, caudal from the side."""
    for level in ("L1", "L2", "L3", "L4", "L5"):
        names = ["superior_endplate_posterior", "superior_endplate_anterior"]
        names += [f"{side} sap_neck_{end}" for side in SIDES for end in ("dorsal", "ventral")]
        at = {name: draft.landmarks_mm[f"{level} {name}"] for name in names}
        left = draft.stack.bodies[level].matrix[:3, 0]
        back = unit(at["superior_endplate_posterior"] - at["superior_endplate_anterior"])
        up = np.cross(left, back)
        for side in SIDES:
            out = at[f"{side} sap_neck_dorsal"] - at[f"{side} sap_neck_ventral"]
            aside, down = side_sign(side) * float(out @ left), -float(out @ up)
            yield f"electrode lateral {level}", float(np.degrees(np.arctan2(aside, down)))
            yield (
                f"electrode caudal {level}",
                float(np.degrees(np.arctan2(down, float(out @ back)))),
            )


def disc_access(draft: Draft) -> Iterator[tuple[str, float]]:
    """The steepest path in the plane of a disc to its centre that passes lateral of the SAP."""
    trunk = Trunk(draft.stack, draft.spine.trunk)
    for name in DISC:
        upper, lower = name.split("-")
        ends = [draft.landmarks_mm[f"{upper} inferior_endplate_{one}"] for one in _ENDS]
        ends += [draft.landmarks_mm[f"{lower} superior_endplate_{one}"] for one in _ENDS]
        centre, back = np.mean(ends, axis=0), unit(ends[1] - ends[0] + ends[3] - ends[2])
        left = draft.stack.bodies[lower].matrix[:3, 0]
        for side in SIDES:
            for angle in np.arange(75.0, 14.0, -0.5):
                out = np.sin(np.radians(angle)) * side_sign(side) * left
                out = out + np.cos(np.radians(angle)) * back
                path = centre + np.arange(5.0, 75.0)[:, None] * out
                near = (draft.bones[one].distance_mm(path).min() for one in (upper, lower))
                if min(near) < NEEDLE_MM:
                    break
                line = centre + np.arange(20.0, 280.0, 0.5)[:, None] * out
                entry = line[np.argmax(trunk.skin_mm(line) > 0)]
                best = abs(float((entry - centre) @ left)), float(angle)
            yield f"disc entry {name}", best[0]
            yield f"disc angle {name}", best[1]
        yield f"disc tilt {name}", float(np.degrees(np.arctan2(back[2], back[1])))


def kambin(draft: Draft) -> Iterator[tuple[str, float]]:
    """Area and height of Kambin's region, on both sides."""
    for name in KAMBIN:
        for side in SIDES:
            area, height = safe_region(draft, *name.split("-"), side)
            yield f"kambin area {name}", area
            yield f"kambin height {name}", height


_ENDS = ("anterior", "posterior")


def anchors(found: dict[str, list[float]]) -> list[Anchor]:
    """The measures of people beside what was published."""
    rows = []
    for (aside, level), percents in KIDNEY.items():
        for side, percent in zip(SIDES, percents, strict=True):
            key = f"kidney {aside} mm {level} {side}"
            error = np.sqrt(max(percent, 2.0) * (100.0 - percent) / len(found[key]))
            rows.append(_row(key, "%", percent, POINTS, found[key], float(error)))
    for kind, (least, sd_low, most, sd_high) in zip(("lateral", "caudal"), ELECTRODE, strict=True):
        for level in ("L1", "L2", "L3", "L4", "L5"):
            name = f"electrode {kind} {level}"
            said = f"{least:g} +- {sd_low:g} to {most:g} +- {sd_high:g}"
            mean = float(np.mean(found[name]))
            rows.append(Anchor(name, "deg", said, mean, least - sd_low, most + sd_high))
    for name, three in DISC.items():
        for kind, value in zip(("entry", "angle", "tilt"), three, strict=True):
            key = f"disc {kind} {name}"
            rows.append(_row(key, "mm" if kind == "entry" else "deg", value, 10.0, found[key]))
    for name, (area, area_sd, height, height_sd) in KAMBIN.items():
        rows.append(_row(f"kambin area {name}", "mm2", area, area_sd, found[f"kambin area {name}"]))
        rows.append(
            _row(f"kambin height {name}", "mm", height, height_sd, found[f"kambin height {name}"])
        )
    return rows


def cohorts(count: int = COHORT) -> list[Anchor]:
    """Depth of the epidural space by BMI, of as many people each."""
    rows = []
    for (sex, bmi), depth in COHORTS.items():
        people = ns.sample_population(count, 6, sex=sex, bmi=bmi)
        mean = float(np.mean([skin_to_epidural_mm(people.spine(n)) for n in range(count)]))
        low, high = depth - COHORT_MM, depth + COHORT_MM
        said = f"{depth:g} +- {COHORT_MM:g}"
        rows.append(Anchor(f"skin to epidural, BMI {bmi:g}", "mm", said, mean, low, high))
    return rows


def _row(
    name: str, one: str, published: float, room: float, values: list[float], error: float = 0.0
) -> Anchor:
    """With room for two standard errors (``error``, or that of the values) of a few people."""
    if len(values) < PEOPLE:
        room += 2.0 * max(error, float(np.std(values)) / np.sqrt(len(values)))
    low, high = published - room, published + room
    return Anchor(name, one, f"{published:g} +- {room:.3g}", float(np.mean(values)), low, high)


def main(arguments: list[str]) -> int:
    """Print each anchor of N people (200); 1 when one is missed."""
    given = [one for one in arguments if one != "--count"]
    count = int(given[0]) if given else PEOPLE
    rows = [*anchors(measured(count)), *cohorts()]
    for one in rows:
        said = "" if one.holds else "  MISSED"
        print(f"{one.name:28} {one.found:7.1f} {one.unit:4} published {one.published}{said}")
    missed = [one.name for one in rows if not one.holds]
    print(f"{len(rows) - len(missed)} of {len(rows)} anchors held by {count} people")
    return 1 if missed else 0
