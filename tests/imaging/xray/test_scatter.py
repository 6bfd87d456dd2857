"""Laws of the model; `tests/validation/test_scatter.py` holds it to a Monte Carlo."""

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.imaging.xray.beam import Beam, materials
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.collimation import Collimation, openness
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.exposure import expose
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.imaging.xray.scatter import scatter_veil
from needle_sim.imaging.xray.transmission import bins, transmitted

PANEL = Detector.preset("mobile_flat_panel")
BARE = replace(PANEL, grid=None)
BEAM = replace(Beam.preset("lumbar_ap"), anode_side="none")
CARM = CArm((0, 0, 0), shape=(64, 64), pixel_mm=4.0)


def slab(thick, carm=CARM):
    return PathLengths(carm, {"soft": np.full(carm.shape, thick, np.float32)})


def ratio(paths, detector=BARE, field_mm=None):
    """Scatter over primary in the middle of the picture."""
    opened = None
    if field_mm is not None:
        field = Collimation(field_mm, field_mm)
        opened = openness(paths.carm, field, focal_spot_mm=0.6)
    veil = scatter_veil(paths, BEAM, detector, opened)
    primary, _ = transmitted(paths, bins(BEAM, paths.carm, detector, materials()))
    middle = slice(28, 36), slice(28, 36)
    return float(veil[middle].mean() / primary[middle].mean())


def test_scatter_grows_with_thickness_and_field_and_shrinks_with_grid_and_gap():
    thicker = [ratio(slab(thick)) for thick in (5, 10, 20, 30)]
    assert (np.diff(thicker) > 0).all()
    wider = [ratio(slab(20), field_mm=side) for side in (40, 80, 120, 160)]
    assert (np.diff(wider) > 0).all()
    assert 0.25 < ratio(slab(20), PANEL) / ratio(slab(20)) < 0.6
    near = replace(CARM, source_isocentre_mm=800.0)
    assert ratio(slab(20, near)) > 2 * ratio(slab(20))


def test_nobody_in_the_beam_scatters_nothing_and_scatter_can_be_put_off():
    assert not scatter_veil(PathLengths(CARM, {}), BEAM, PANEL).any()
    assert not scatter_veil(slab(0.0), BEAM, PANEL).any()
    assert not scatter_veil(slab(20.0), BEAM, replace(PANEL, scatter=False)).any()


def test_only_what_is_irradiated_scatters():
    shut = np.zeros(CARM.shape, np.float32)
    assert not scatter_veil(slab(20.0), BEAM, PANEL, shut).any()
    half = shut.copy()
    half[:, :32] = 1.0
    veil = scatter_veil(slab(20.0), BEAM, BARE, half)
    both = veil + veil[:, ::-1]
    assert both == pytest.approx(scatter_veil(slab(20.0), BEAM, BARE), rel=1e-3)
    assert veil[:, 4].mean() > 1.3 * veil[:, -4].mean()


def test_scatter_follows_the_charge_and_is_a_smooth_veil():
    once = scatter_veil(slab(20.0), BEAM, PANEL)
    twice = scatter_veil(slab(20.0), replace(BEAM, mas=2 * BEAM.mas), PANEL)
    assert twice == pytest.approx(2 * once, rel=1e-5)
    uneven = slab(20.0).mass_g_cm2["soft"].copy()
    uneven[:, 32:] = 10.0
    veil = scatter_veil(PathLengths(CARM, {"soft": uneven}), BEAM, PANEL)
    assert np.abs(np.diff(veil, axis=1)).max() < 0.1 * np.ptp(veil)


def test_the_pixels_of_a_picture_do_not_matter():
    fine = replace(CARM, shape=(256, 256), pixel_mm=1.0)
    coarse = scatter_veil(slab(20.0), BEAM, PANEL)
    found = scatter_veil(slab(20.0, fine), BEAM, PANEL)
    assert found.reshape(64, 4, 64, 4).sum(axis=(1, 3)) == pytest.approx(coarse, rel=2e-3)


def test_a_picture_holds_primary_and_scatter():
    paths = slab(20.0)
    whole = expose(paths, BEAM, detector=PANEL).array
    primary = expose(paths, BEAM, detector=replace(PANEL, scatter=False)).array
    veil = scatter_veil(paths, BEAM, PANEL)
    middle = slice(8, 56), slice(8, 56)
    assert (whole - primary)[middle] == pytest.approx(veil[middle], rel=1e-3)


def test_a_wide_and_a_high_detector_are_the_same_turned():
    wide, high = (replace(CARM, shape=shape) for shape in ((32, 64), (64, 32)))
    across = scatter_veil(slab(20.0, wide), BEAM, BARE)
    down = scatter_veil(slab(20.0, high), BEAM, BARE)
    assert across == pytest.approx(down.T, rel=1e-4)
