"""RMSE of the factored projector against exact cone-beam line integrals, % of the largest.

Phantoms, poses and bounds are those of ``tests/imaging/xray/test_projector.py``.
"""

from __future__ import annotations

from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.projector import project
from tests.imaging.xray.analytic import (
    TURNED,
    UPRIGHT,
    centred,
    material,
    rms_percent,
    smooth,
    smooth_integral,
)

UPRIGHT_POSES = {"AP": (0.0, 0.0), "oblique": (25.0, 0.0), "lateral": (90.0, 0.0)}
STEEP_POSES = {
    "30 cranial": (0.0, 30.0),
    "40 caudal": (0.0, -40.0),
    "25 oblique, 30 cranial": (25.0, 30.0),
    "lateral": (90.0, 0.0),
}


def main(arguments: list[str]) -> int:
    """Print the table; 1 when a bound is broken."""
    cube = material(centred((1.0,) * 3, (256,) * 3), (256,) * 3, smooth)
    shape, spacing = (160, 320, 320), (1.6, 0.8, 0.8)
    turned = material(centred(spacing, shape, TURNED), shape, smooth)
    broken = 0
    for name, (orbital, tilt) in UPRIGHT_POSES.items():
        broken += _row(f"{name}, 256 cubed", cube, orbital, tilt, 0.01)
    axes = UPRIGHT.copy()
    axes[:, 0] = [0.0, 0.25, 1.0]
    sheared = material(centred((1.2, 0.8, 0.8), (210, 320, 320), axes), (210, 320, 320), smooth)
    for name, (orbital, tilt) in STEEP_POSES.items():
        broken += _row(f"{name}, turned, 1.6 x 0.8 x 0.8 mm", turned, orbital, tilt, 0.02)
        broken += _row(f"{name}, sheared by 14 degrees", sheared, orbital, tilt, 0.02)
    return 1 if broken else 0


def _row(name: str, held: object, orbital: float, tilt: float, limit: float) -> bool:
    carm = CArm(isocentre_mm=(0.0, 0.0, 0.0), orbital_deg=orbital, tilt_deg=tilt)
    image = project(held, carm).mass_g_cm2["soft"]
    error = rms_percent(image, smooth_integral(carm))
    print(f"{name:45} {error:.4f} % (limit {limit})")
    return bool(error > limit)
