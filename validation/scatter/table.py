"""``python -m validation scatter [N]``: scatter of the package beside a Monte Carlo.

First the Monte Carlo beside AAPM Report 195, then water that the model was fitted to and water that
it was not, then the lumbar phantom. N thousand photons a case, 100 if not said. ``scatter fit``
prints the numbers of ``scatter.toml`` anew.
"""

from __future__ import annotations

import needle_sim as ns
from needle_sim.imaging.xray.materials import prepare
from validation.scatter.cases import BESIDE, FITTED, Ratios, of_patient, of_slab, report_195
from validation.scatter.fitting import fit

LIMIT = 0.15
REPORT_LIMIT = 0.03
VIEWS = {
    "postero-anterior": (0.0, "lumbar_ap"),
    "25 oblique": (25.0, "lumbar_oblique"),
    "lateral": (90.0, "lumbar_lateral"),
}


def main(arguments: list[str]) -> int:
    """Print the table; 1 when a bound is broken."""
    if arguments[:1] == ["fit"]:
        return fit(histories=100_000)
    photons = 1000 * int(arguments[0]) if arguments else 100_000
    broken = 0
    for name, over in report_195(histories=80 * photons).items():
        broken += abs(over - 1.0) > REPORT_LIMIT
        print(f"AAPM Report 195, case 2, {name:18} {over:.3f} (limit {REPORT_LIMIT})")
    print("\nkV   water  field   gap, cm | scatter over primary: Monte Carlo, ours, ours over it")
    for title, cases in (("fitted", FITTED), ("not fitted", BESIDE)):
        for case in cases:
            place = f"{case.beam:>3} {case.thick:6g} {case.field:6g} {case.gap:6g} {title:10}"
            broken += _row(place, of_slab(case, histories=photons))
    spine = ns.build_phantom("lumbar_normal")
    patient, at_mm = prepare(spine.ct), spine.target("L4 right medial branch").centre_mm.copy()
    at_mm[0] = 0.0
    for name, (orbital, beam) in VIEWS.items():
        found = of_patient(patient, at_mm, orbital, beam, histories=2 * photons)
        broken += _row(f"lumbar phantom, {name:18}", found)
    return 1 if broken else 0


def _row(place: str, both: tuple[Ratios, Ratios]) -> bool:
    words = [
        f"{kind} {one.simulated:.3f}+-{one.error:.3f} {one.ours:.3f} {one.over:.3f}"
        for kind, one in zip(("bare", "grid"), both, strict=True)
    ]
    print(place, "|", " | ".join(words), flush=True)
    return any(abs(one.over - 1.0) > LIMIT for one in both)
