import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.geometry.transform import Transform, rigid
from needle_sim.imaging.ultrasound.contact import check_contact, skin_mm
from needle_sim.imaging.ultrasound.probe import PROBE, Probe
from needle_sim.imaging.ultrasound.scan import sonogram
from needle_sim.imaging.ultrasound.touch import CONTACT_MM
from tests.imaging.ultrasound.blocks import block, facing


@pytest.fixture(scope="module")
def body():
    return block(half_mm=15, depth_mm=80)


@pytest.mark.parametrize("off_mm", [-12.0, -3.0, 0.0, 2.5, 6.0])
def test_the_skin_is_found_along_the_axis(body, off_mm):
    assert skin_mm(body, facing(off_mm=off_mm)) == pytest.approx(off_mm, abs=0.6)


@pytest.mark.parametrize(("name", "press_mm"), [("curved_3p5mhz", 0.0), ("curved_3p5mhz", 6.0)])
def test_the_gap_along_each_line_is_that_of_the_arc(body, name, press_mm):
    """A line ``a`` off the middle starts R (1 - cos a) behind it; pressed in, it has less to go."""
    probe = Probe.preset(name)
    shot = sonogram(body, probe, facing(off_mm=-press_mm), lines=64, samples=256)
    off = (0.5 - (np.arange(64) + 0.5) / 64) * np.radians(probe.field_deg)
    exact = (probe.radius_mm * (1.0 - np.cos(off)) - press_mm) / np.cos(off)
    gaps = shot.truth["gap_mm"]
    assert gaps[np.abs(off) < 0.5] == pytest.approx(
        np.maximum(exact, 0.0)[np.abs(off) < 0.5], abs=1.2
    )


def test_lines_beyond_what_gel_bridges_have_no_contact_and_stay_dark(body):
    """The ends of a curved face that is held 2.5 mm over a flat back."""
    shot = sonogram(body, Probe.preset("curved_3p5mhz"), facing(off_mm=2.5), lines=64)
    off = shot.truth["gap_mm"] > CONTACT_MM
    assert 2 <= off.sum() <= 12
    deep = shot.lines_db[:, 400:700].mean(axis=1)
    assert deep[off].max() < deep[~off].max() - 20.0


@pytest.mark.parametrize("off_mm", [-14.0, 0.0, 2.5])
def test_a_face_on_the_skin_is_taken(body, off_mm):
    check_contact(body, facing(off_mm=off_mm))


@pytest.mark.parametrize(
    ("pose", "said"),
    [
        (facing(off_mm=7.0), r"7\.\d mm off the skin, at most 3 .* move it 7\.\d mm along its \+z"),
        (facing(off_mm=-30.0), r"(29|30)\.\d mm inside the body, at most 15 .* along its -z"),
        (facing(off_mm=-70.0), r"over 60 mm inside the body .* along its -z"),
        (
            rigid(np.diag([-1.0, 1.0, -1.0]), [0, 300, 0], source=PROBE),
            "meets no skin within 60 mm",
        ),
        (
            rigid([[1, 0, 0], [0, 0, 1], [0, -1, 0]], [0, 4, 0], source=PROBE),
            "points away from the body",
        ),
    ],
    ids=["off", "in", "deep", "far", "away"],
)
def test_a_face_elsewhere_is_refused_with_the_way_back(body, pose, said):
    with pytest.raises(InputError, match=said):
        check_contact(body, pose)


@pytest.mark.parametrize("in_mm", [1.0, 5.0])
def test_a_face_just_under_the_skin_that_looks_out_of_the_body_points_away(in_mm):
    pose = facing(off_mm=-in_mm)
    turned = pose.matrix.copy()
    turned[:3, :3] = pose.matrix[:3, :3] @ np.diag([1.0, -1.0, -1.0])
    outwards = Transform(turned, target=pose.target, source=pose.source)
    with pytest.raises(InputError, match="points away from the body; turn its"):
        check_contact(block("muscle"), outwards)
