"""Lead in the beam: where the screen would write the letter, readable, and opaque."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.imaging.xray.bare import bare
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm, project_points
from needle_sim.imaging.xray.collimation import Collimation
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.exposure import expose
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.views.display import Display
from needle_sim.views.lead_letter import lead_letter

BEAM = Beam.preset("lumbar_ap")


def drawn(orbital_deg, tilt_deg, device="mobile_flat_panel"):
    """Share of the signal (R, C) that the letter lets through, as the screen turns it."""
    carm = CArm((0.0, 0.0, 0.0), orbital_deg, tilt_deg, shape=(200, 240), pixel_mm=1.0)
    water = PathLengths(carm, {"soft": np.full(carm.shape, 20.0, np.float32)})
    detector = Detector.preset(device)
    plain = expose(water, BEAM, detector=detector)
    letter = lead_letter(plain)
    shot = expose(water, BEAM, tools=[letter], detector=detector)
    shown = Display.for_prone(plain)
    return (
        letter,
        shown,
        shown.marker_at(plain),
        shown.turned(shot.array / np.maximum(plain.array, 1e-9)),
    )


@pytest.mark.parametrize(
    ("orbital_deg", "tilt_deg"), [(0, 0), (-30, 10), (30, -20), (90, 0), (-90, 0), (180, 0)]
)
def test_the_letter_is_read_where_the_screen_would_write_it(orbital_deg, tilt_deg):
    letter, shown, said, left = drawn(float(orbital_deg), float(tilt_deg))
    assert letter.name == f"lead letter {said.letter}"
    rows, columns = np.nonzero(left < 0.6)
    assert rows.max() < 0.2 * shown.drawn_shape[0]
    half = 0.5 * shown.drawn_shape[1]
    assert (columns.mean() > half) == (said.corner == "upper right")
    box = left[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] < 0.6
    high, wide = box.shape
    assert 1.2 < high / wide < 2.2
    assert box[:, : wide // 3].mean() > 1.2 * box[:, -(wide // 3) :].mean()  # its upright: left
    upper, lower = box[: high // 2, wide // 2 :], box[high // 2 :, wide // 2 :]
    # an R has its bowl above, an L nothing
    assert (upper.mean() > 0.35) == (said.letter == "R")
    assert lower.any()


def test_lead_leaves_the_scatter_of_the_field_alone():
    """What is seen under it is the share that scatter has of the open picture there."""
    letter, _, _, left = drawn(0.0, 0.0)
    carm = CArm((0.0, 0.0, 0.0), shape=(200, 240), pixel_mm=1.0)
    open_ = bare(PathLengths(carm, {"soft": np.full(carm.shape, 20.0, np.float32)}), BEAM)
    row, column = (round(float(x)) for x in project_points(carm, letter.line_mm[0]))
    share = open_.veil[row, column] / open_.seen[row, column]
    assert left.min() == pytest.approx(share, abs=0.03)


def test_in_a_round_field_it_lies_inside_and_under_blades_there_is_none():
    *_, left = drawn(0.0, 0.0, "image_intensifier")
    rows, columns = np.nonzero((left < 0.6) & (left > 0.0))
    off = np.hypot(rows.mean() - 99.5, columns.mean() - 119.5)
    assert 60.0 < off < 100.0
    carm = CArm((0.0, 0.0, 0.0), shape=(80, 80))
    water = PathLengths(carm, {"soft": np.full(carm.shape, 20.0, np.float32)})
    with pytest.raises(InputError, match="corner that the blades shut"):
        lead_letter(expose(water, BEAM, collimation=Collimation(10.0, 10.0)))
