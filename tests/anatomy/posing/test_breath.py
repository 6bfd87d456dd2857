from types import SimpleNamespace

import numpy as np
import pytest

import needle_sim as ns
from needle_sim.anatomy.posing.breath import Breath, breathed_in
from needle_sim.anatomy.posing.chain import chain
from needle_sim.anatomy.posing.posture import Posture
from needle_sim.anatomy.tissue import label
from needle_sim.geometry.transform import PATIENT, Frame, rigid


def test_a_cycle_starts_and_ends_breathed_out():
    assert breathed_in(0.0) == pytest.approx(0.0)
    assert breathed_in(1.0) == pytest.approx(0.0)
    assert breathed_in(0.5) == 1.0
    assert breathed_in(0.3) == pytest.approx(breathed_in(0.7))


def test_kidneys_go_down_as_far_as_in_four_dimensional_ct(coarse):
    # Siva 2013, n = 62: mean 7.4 and 7.5 mm (quartiles 4.5 to 9.8)
    breathed = ns.posed(coarse, "supine", phase=0.5)

    heights = []
    for one in (coarse, breathed):
        at = np.argwhere(one.labels.array == label("kidney"))
        heights.append(one.labels.patient_from_voxel.apply(at)[:, 2].mean())
    assert heights[0] - heights[1] == pytest.approx(7.5, abs=1.5)


def test_bones_hardly_move_with_a_breath(coarse):
    # Fuerweger 2011, prone: 1.27 +- 0.50 mm dorsally and 0.58 +- 0.31 mm along the spine
    held, breathed = (chain(coarse, Posture.preset("prone"), share=share) for share in (0.0, 1.0))

    for name in coarse.bodies:
        step = breathed[name].matrix - held[name].matrix
        np.testing.assert_allclose(step[:3, 3], [0, 1.27, -0.58], atol=1e-9)
        np.testing.assert_allclose(step[:3, :3], 0.0, atol=1e-9)


def test_nothing_moves_in_bone_or_behind_the_spine(coarse):
    posture = Posture.preset("supine")
    breath = Breath.of(coarse, chain(coarse, posture), posture.breathing, 1.0)
    middle = coarse.bodies["L2"].matrix[:3, 3]
    at = middle + np.array([[60.0, 0, 0], [60, 80, 0], [0, -100, 0]])

    off = breath.at(at, np.array([40.0, 40.0, 60.0]))

    assert off[0, 2] < -4.0  # beside the spine organs go down
    assert off[1].tolist() == [0, 0, 0]  # the muscles of the back stay
    assert off[2, 1] < -3.0  # the belly rises
    assert breath.at(at[:1], np.zeros(1))[0, 2] == 0.0


def test_breathed_out_nothing_moves(coarse):
    posture = Posture.preset("supine")

    assert Breath.of(coarse, chain(coarse, posture), posture.breathing, 0.0) is None


@pytest.mark.parametrize("levels", [("T10", "T11", "T12"), ("C3", "C4", "C5"), ("S1",)])
def test_a_breath_needs_no_lumbar_vertebra(levels):
    """Where T12 and S1 are not there, they lie where their place in the order says."""
    places = {
        one: rigid(np.eye(3), [0, 0, -30.0 * n], source=Frame(one)) for n, one in enumerate(levels)
    }
    still = {one: rigid(np.eye(3), [0, 0, 0], source=PATIENT) for one in levels}
    posture = Posture.preset("supine")

    breath = Breath.of(SimpleNamespace(bodies=places), still, posture.breathing, 1.0)

    assert breath.top_mm > breath.low_mm
    at = np.array([[60.0, 0.0, breath.top_mm], [60.0, 0.0, breath.low_mm]])
    off = breath.at(at, np.full(2, 40.0))
    assert off[0, 2] < -4.0
    assert off[1, 2] == 0.0
