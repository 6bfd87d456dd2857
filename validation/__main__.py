"""``python -m validation NAME [N]``: run one validation, print its table, exit 1 when it fails."""

from __future__ import annotations

import sys
from collections.abc import Callable

from validation.anchors import main as anchors
from validation.bench_lesion import main as bench_lesion
from validation.contrast_seeds import main as contrast_seeds
from validation.ct_procedures import main as ct_procedures
from validation.fitted_cortices import main as fitted_cortices
from validation.fluoroscopy_dose import main as fluoroscopy_dose
from validation.heat_sources import main as heat_sources
from validation.label_fits import main as label_fits
from validation.landmarks import main as landmarks
from validation.pathology import main as pathology
from validation.phantom_seconds import main as phantom_seconds
from validation.phantom_seeds import main as phantom_seeds
from validation.population import main as population
from validation.postures import main as postures
from validation.procedure_seeds import main as procedure_seeds
from validation.projector import main as projector
from validation.refined_bone import main as refined_bone
from validation.rehearsal_fuzz import main as rehearsal_fuzz
from validation.scatter.table import main as scatter
from validation.study_kills import main as study_kills

NAMED: dict[str, Callable[[list[str]], int]] = {
    "anchors": anchors,
    "bench_lesion": bench_lesion,
    "contrast_seeds": contrast_seeds,
    "ct_procedures": ct_procedures,
    "fitted_cortices": fitted_cortices,
    "fluoroscopy_dose": fluoroscopy_dose,
    "heat_sources": heat_sources,
    "label_fits": label_fits,
    "landmarks": landmarks,
    "pathology": pathology,
    "phantom_seconds": phantom_seconds,
    "phantom_seeds": phantom_seeds,
    "population": population,
    "postures": postures,
    "procedure_seeds": procedure_seeds,
    "projector": projector,
    "refined_bone": refined_bone,
    "rehearsal_fuzz": rehearsal_fuzz,
    "scatter": scatter,
    "study_kills": study_kills,
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in NAMED:
        print(f"usage: python -m validation {{{'|'.join(NAMED)}}} [N]", file=sys.stderr)
        sys.exit(2)
    sys.exit(NAMED[sys.argv[1]](sys.argv[2:]))
