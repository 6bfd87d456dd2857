"""What needles leave as it is may be kept: the picture is the same to the last bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.imaging.xray import detector as panel
from needle_sim.imaging.xray.bare import bare, with_needles
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.exposure import expose
from needle_sim.imaging.xray.materials import prepare
from needle_sim.imaging.xray.projector import PathLengths, project
from needle_sim.imaging.xray.receptor.sharpness import reach_px
from needle_sim.instruments.tool_placed import place
from needle_sim.instruments.trajectory import Trajectory
from tests.imaging.xray.analytic import placed, torso

BEAM = Beam.preset("lumbar_ap")
CARM = CArm((0.0, 0.0, 0.0), shape=(128, 160), pixel_mm=0.8)


@pytest.fixture(scope="module")
def paths():
    return project(prepare(torso()), CARM)


@pytest.mark.parametrize(
    "tip", [[10.0, 10.0, 0.0], [0.0, 5.0, 35.0], [-45.0, 20.0, -40.0]], ids=["in", "edge", "corner"]
)
def test_a_kept_background_gives_the_same_bytes(paths, tip):
    needle = placed([tip[0] + 30, 70, tip[2]], tip)
    kept = bare(paths, BEAM)
    for rng in (None, 3):
        seeds = [None if rng is None else np.random.default_rng(rng) for _ in range(2)]
        anew = expose(paths, BEAM, needles=[needle], rng=seeds[0])
        again = expose(kept, BEAM, needles=[needle], rng=seeds[1])
        assert again.array.tobytes() == anew.array.tobytes()


def test_only_the_field_about_a_needle_is_blurred_anew(paths):
    """A needle changes what lies within the reach of the blur, and nothing else."""
    needle = placed([40, 70, 0], [10, 10, 0])
    kept = bare(paths, BEAM)
    seen, energy = with_needles(kept, [needle])
    changed = np.argwhere(energy != kept.energy)
    low, high = changed.min(axis=0), changed.max(axis=0)
    reach = reach_px(panel.blur(CARM, kept.detector))
    far = np.ones(CARM.shape, dtype=bool)
    far[tuple(slice(max(a - reach, 0), b + reach + 1) for a, b in zip(low, high, strict=True))] = 0
    assert far.any()
    assert np.array_equal(seen[far], kept.seen[far])
    assert (seen[~far] < kept.seen[~far]).any()


def test_two_needles_far_apart_are_the_two_alone(paths):
    left, right = placed([45, 70, 20], [35, 10, 20]), placed([-45, 70, -20], [-35, 10, -20])
    kept = bare(paths, BEAM)
    both, _ = with_needles(kept, [left, right])
    one, _ = with_needles(kept, [left])
    other, _ = with_needles(kept, [right])
    assert both == pytest.approx(one + other - kept.seen, rel=1e-5)


def test_another_beam_is_refused(paths):
    kept = bare(paths, BEAM)
    with pytest.raises(InputError, match="another beam"):
        expose(kept, replace(BEAM, mas=2 * BEAM.mas))


def test_where_nothing_comes_through_the_picture_is_finite():
    lead = {"soft": np.full(CARM.shape, 3000.0, np.float32)}
    dark = expose(PathLengths(CARM, lead), BEAM, rng=np.random.default_rng(0))
    assert np.isfinite(dark.array).all()


def test_a_tool_and_a_needle_far_apart_are_the_two_alone(paths):
    needle, lead = placed([45, 70, 20], [35, 10, 20]), _lead([-35, 10, -30], [-35, 10, 10])
    kept = bare(paths, BEAM)
    both, _ = with_needles(kept, [needle], [lead])
    one, other = with_needles(kept, [needle])[0], with_needles(kept, [], [lead])[0]
    assert both == pytest.approx(one + other - kept.seen, rel=1e-5)
    assert (other < 0.6 * kept.seen).any()


def _lead(rear, tip):
    return place("scs_lead_8", Trajectory.straight(rear, tip))
