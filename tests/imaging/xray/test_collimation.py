import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from needle_sim.errors import InputError
from needle_sim.imaging.xray.bare import bare
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.collimation import (
    Collimation,
    Collimator,
    cut_to,
    open_share,
    openness,
    outline_px,
)
from needle_sim.imaging.xray.exposure import expose
from needle_sim.imaging.xray.projector import PathLengths

CARM = CArm((0.0, 0.0, 0.0), shape=(200, 240), pixel_mm=1.0)  # 120 x 144 mm at the isocentre
TIGHT = Collimator(blades_mm=200.0, iris_mm=100.0, leak=0.0)
BEAM = Beam.preset("lumbar_ap")


def trunk(carm=CARM):
    return PathLengths(carm, {"soft": np.full(carm.shape, 20.0, np.float32)})


def test_the_penumbra_is_the_focal_spot_seen_through_the_edge():
    """Similar triangles: an edge at b from a spot of side f blurs over f (D - b) / b at D."""
    fine = CArm((0.0, 0.0, 0.0), shape=(8, 4000), pixel_mm=0.02)
    edge = openness(fine, Collimation(width_mm=24.0, collimator=TIGHT), focal_spot_mm=0.6)[4]
    at_mm = (np.arange(4000) - 1999.5) * 0.02
    half = at_mm > 0
    low, middle, high = (
        float(np.interp(-share, -edge[half], at_mm[half])) for share in (0.9, 0.5, 0.1)
    )
    assert middle == pytest.approx(12.0 * 1000 / 600, abs=1e-3)
    assert high - low == pytest.approx(0.8 * 0.6 * (1000 - 200) / 200, abs=2e-3)


@settings(max_examples=30, deadline=None)
@given(
    width=st.floats(5, 100),
    height=st.floats(5, 80),
    across=st.floats(-15, 15),
    down=st.floats(-15, 15),
    spot=st.floats(0, 1.2),
)
def test_a_penumbra_keeps_the_area_of_the_field(width, height, across, down, spot):
    field = Collimation(width, height, None, across, down, collimator=TIGHT)
    area = width * height * CARM.magnification**2
    seen = openness(CARM, field, focal_spot_mm=spot)
    assert seen.sum(dtype=np.float64) == pytest.approx(area, rel=1e-5)
    assert open_share(CARM, field) == pytest.approx(area / (200 * 240), rel=1e-5)
    assert seen.min() >= 0
    assert seen.max() <= 1


def test_an_iris_keeps_its_area_and_a_turn_changes_none():
    iris = openness(CARM, Collimation(iris_mm=80.0, collimator=TIGHT), focal_spot_mm=0.6)
    assert iris.sum() == pytest.approx(np.pi / 4 * (80 / 0.6) ** 2, rel=1e-3)
    turned = Collimation(60.0, 40.0, turn_deg=30.0, collimator=TIGHT)
    assert open_share(CARM, turned) == pytest.approx(60 * 40 / (120 * 144), rel=2e-3)


def test_a_quarter_turn_exchanges_width_and_height():
    one = openness(CARM, Collimation(60.0, 40.0, turn_deg=90.0), focal_spot_mm=0.6)
    other = openness(CARM, Collimation(40.0, 60.0), focal_spot_mm=0.6)
    assert one == pytest.approx(other, abs=1e-5)


def test_blades_let_their_leak_through_and_an_open_field_everything():
    shut = openness(CARM, Collimation(20.0, 20.0), focal_spot_mm=0.6)
    assert shut[0, 0] == pytest.approx(Collimator.preset("mobile_flat_panel").leak)
    assert (openness(CARM, Collimation(), focal_spot_mm=0.6) == 1).all()


def test_a_smaller_field_costs_less_and_scatters_less():
    whole, narrow = (
        expose(trunk(), BEAM),
        expose(trunk(), BEAM, collimation=Collimation(60.0, 40.0)),
    )
    share = open_share(CARM, Collimation(60.0, 40.0))
    assert narrow.kap_ugy_m2 / whole.kap_ugy_m2 == pytest.approx(share)
    assert narrow.kerma_mgy == whole.kerma_mgy  # at a point it is the same beam
    assert narrow.array[100, 120] < whole.array[100, 120]
    assert narrow.array[5, 5] < 0.2 * whole.array[5, 5]
    assert narrow.truth["collimation"] == Collimation(60.0, 40.0)
    assert narrow.truth["open"][100, 120] == 1


def test_a_bare_keeps_its_field():
    field = Collimation(60.0, 40.0)
    behind = bare(trunk(), BEAM, collimation=field)
    once = expose(behind, BEAM)
    assert np.array_equal(once.array, expose(trunk(), BEAM, collimation=field).array)
    assert once.kap_ugy_m2 < expose(trunk(), BEAM).kap_ugy_m2
    with pytest.raises(InputError, match="another collimated field"):
        expose(behind, BEAM, collimation=Collimation(50.0, 40.0))


@pytest.mark.parametrize("size", [(50.0, 50.0), (500.0, 30.0), (3.0, 200.0)])
def test_a_detector_cut_to_the_field_is_the_middle_of_the_whole(size):
    field = Collimation(*size)
    cut = cut_to(CARM, field)
    pixel_mm = CARM.pixel_mm / CARM.magnification
    for side, whole, mm in zip(cut.shape, CARM.shape, size[::-1], strict=True):
        assert side % 2 == 0
        assert side == min(whole, max(8, 2 * round(0.5 * mm / pixel_mm)))
    assert cut.isocentre_mm == CARM.isocentre_mm


def test_virtual_blades_are_drawn_where_the_beam_would_end():
    field = Collimation(60.0, 40.0, None, 10.0, -8.0, collimator=TIGHT)
    line = outline_px(CARM, field)
    seen = openness(CARM, field, focal_spot_mm=0.0)
    rows, columns = np.nonzero(seen > 0.5)
    assert line.min(axis=0) == pytest.approx([rows.min() - 0.5, columns.min() - 0.5], abs=0.51)
    assert line.max(axis=0) == pytest.approx([rows.max() + 0.5, columns.max() + 0.5], abs=0.51)
    assert line[0] == pytest.approx(line[-1])
    x, y = line[:, 1], line[:, 0]
    area = 0.5 * abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
    assert area == pytest.approx(60 * 40 * CARM.magnification**2, rel=1e-6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Collimation(width_mm=0.0), "width_mm of a collimated field is 2 to 2000, got 0"),
        (lambda: Collimation(iris_mm=float("nan")), "got nan"),
        (lambda: Collimation(across_mm=float("inf")), "finite"),
        (lambda: Collimator(180.0, 150.0, 0.5), "leak must be"),
        (lambda: Collimator(0.0, 150.0, 0.0), "10 to 600 mm"),
        (lambda: cut_to(CARM, Collimation(20.0, 20.0, across_mm=5.0)), "about its middle"),
        (
            lambda: openness(CARM, Collimation(20.0, 20.0, across_mm=90.0), focal_spot_mm=0.6),
            "the collimated field misses the detector",
        ),
        (lambda: expose(trunk(), BEAM, collimation=Collimation(9.0, 9.0, down_mm=-99.0)), "misses"),
    ],
)
def test_an_impossible_field_is_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()
