"""Small radiographs that the tests of what leaves a C-arm share."""

from __future__ import annotations

import numpy as np

from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm, project_points
from needle_sim.imaging.xray.exposure import Radiograph, expose
from needle_sim.imaging.xray.projector import PathLengths

BEAM = Beam(80.0, 0.5, 16.0, {"aluminium": 3.0, "copper": 0.2})
CARM = CArm((1.2345678901234, -7.5, 3.25), 25.123456789, -10.3, pixel_mm=2.0, shape=(128, 130))
BALL_MM = (41.2345678901234, -7.5, 3.25)  # to the left of the isocentre


def paths(carm: CArm = CARM, soft: float = 20.0) -> PathLengths:
    """A slab of water with a ball of bone to the left of the patient's isocentre."""
    row, column = project_points(carm, BALL_MM)
    rows, columns = np.indices(carm.shape)
    ball = np.where(np.hypot(rows - row, columns - column) < 5, 6.0, 0.0)
    return PathLengths(
        carm, {"soft": np.full(carm.shape, soft, np.float32), "bone": ball.astype(np.float32)}
    )


def shot(carm: CArm = CARM, beam: Beam = BEAM, **how: object) -> Radiograph:
    """A picture of it without noise."""
    return expose(paths(carm), beam, **how)  # type: ignore[arg-type]
