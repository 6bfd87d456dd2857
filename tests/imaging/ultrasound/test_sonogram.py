import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.imaging.ultrasound.probe import Probe
from needle_sim.imaging.ultrasound.sonogram import Sonogram, layout
from tests.imaging.ultrasound.blocks import facing

CURVED, LINEAR = Probe.preset("curved_3p5mhz"), Probe.preset("linear_9mhz")


def blank(probe, pose, depth_mm):
    lay = layout(probe, 64, 128, depth_mm)
    array = np.zeros(lay.at_line.shape, np.float32)
    lines = np.zeros((64, 128), np.float32)
    return Sonogram(
        array, lay.at_line >= 0, lay.pixel_mm, lay.origin_px, lines, probe, pose, depth_mm, {}
    )


@pytest.mark.parametrize("probe", [CURVED, LINEAR])
def test_pixels_lie_where_their_line_and_sample_lie(probe):
    depth, lines, samples = probe.depth_mm, 64, 128
    lay = layout(probe, lines, samples, depth)
    starts, along = probe.rays(lines)
    for n, s in ((10, 20), (32, 64), (60, 100)):
        x, _, z = starts[n] + (s + 0.5) * depth / samples * along[n]
        row = round(lay.origin_px[0] + z / lay.pixel_mm)
        column = round(lay.origin_px[1] - x / lay.pixel_mm)

        assert lay.at_line[row, column] == pytest.approx(n, abs=0.5)
        assert lay.at_sample[row, column] == pytest.approx(s, abs=0.5)


@pytest.mark.parametrize("probe", [CURVED, LINEAR])
def test_the_sector_has_the_area_of_its_shape(probe):
    picture = blank(probe, facing(), 80.0)
    area = picture.sector.sum() * picture.pixel_mm**2

    if probe.kind == "linear":
        expected = probe.footprint_mm * 80
    else:
        expected = 0.5 * np.radians(probe.field_deg) * ((60 + 80) ** 2 - 60**2)
    assert area == pytest.approx(expected, rel=0.01)
    assert not picture.sector[0].any()
    assert not picture.sector[:, [0, -1]].any()


def test_pixels_map_to_the_patient_with_the_marker_at_the_left():
    pose = facing((5.0, 0.0, 40.0), turn_deg=90)  # marker towards the head: a long axis
    picture = blank(CURVED, pose, 100.0)
    row, column = picture.origin_px
    place = picture.patient_from_pixel

    np.testing.assert_allclose(place.apply([row, column, 0.0]), [5, 0, 40], atol=1e-9)
    left = place.apply([row, column - 10 / picture.pixel_mm, 0.0])
    deep = place.apply([row + 30 / picture.pixel_mm, column, 0.0])
    np.testing.assert_allclose(left, [5, 0, 50], atol=1e-9)
    np.testing.assert_allclose(deep, [5, -30, 40], atol=1e-9)
    out = place.apply([row, column, 2.0])
    np.testing.assert_allclose(out, pose.apply([0.0, 2.0, 0.0]), atol=1e-9)


def test_a_picture_is_frozen_and_tells_its_facts():
    picture = blank(CURVED, facing(), 100.0)

    with pytest.raises(ValueError, match="read-only"):
        picture.array[0, 0] = 1
    with pytest.raises(TypeError):
        picture.truth["labels"] = 1
    assert picture.facts()["probe"] == "curved_3p5mhz, 3.5 MHz"


def test_a_sector_of_another_shape_is_refused():
    picture = blank(CURVED, facing(), 100.0)
    with pytest.raises(InputError, match="with its sector"):
        Sonogram(
            picture.array,
            picture.sector[1:],
            picture.pixel_mm,
            picture.origin_px,
            picture.lines_db,
            CURVED,
            facing(),
            100.0,
            {},
        )
