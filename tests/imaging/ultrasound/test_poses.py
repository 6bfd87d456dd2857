"""Named views: on the skin, the right way round, and onto what they are named after."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.anatomy.fit import anatomy_from_ct
from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError
from needle_sim.geometry.transform import angle_deg
from needle_sim.imaging.ultrasound.poses import (
    VIEWS,
    check_view,
    named_after,
    pose,
    vertebrae_of,
)
from needle_sim.imaging.ultrasound.probe import Probe
from needle_sim.imaging.ultrasound.scan import sonogram
from needle_sim.imaging.ultrasound.scene import prepare
from needle_sim.imaging.ultrasound.touch import coupling, gaps_mm
from needle_sim.imaging.ultrasound.windows import first_met_mm, free_mm
from needle_sim.volume.dicom import load_series
from needle_sim.volume.labels import load_labels
from tests.imaging.ultrasound.bodies import block

LEFT, POSTERIOR, HEAD = np.eye(3)
INTERSPACES = ("L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1")
SIDES = ("right", "left")
INTERLAMINAR = ("paramedian_sagittal_oblique", "transverse_interlaminar")
EVERY = [
    (name, level[:2] if VIEWS[name].takes == "vertebra" else level, side)
    for name in VIEWS
    for level in INTERSPACES
    for side in SIDES
]


@pytest.mark.parametrize(("name", "level", "side"), EVERY)
def test_the_face_lies_on_the_skin_and_the_marker_faces_the_head_or_the_left(
    phantom, name, level, side
):
    seat = pose(phantom, name, level=level, side=side)
    inside, outside = seat.apply([[0.0, 0.0, 0.6], [0.0, 0.0, -1.6]])
    assert phantom.labels.sample([inside], outside=0)[0] != 0
    assert phantom.labels.sample([outside], outside=0)[0] == 0
    marked = LEFT if name.startswith("transverse_") and name != "transverse_process" else HEAD
    assert angle_deg(seat.matrix[:3, 0], marked) < 30.0
    assert angle_deg(seat.matrix[:3, 2], -POSTERIOR) < 30.0


@pytest.mark.parametrize("name", INTERLAMINAR)
@pytest.mark.parametrize("level", INTERSPACES)
@pytest.mark.parametrize("side", SIDES)
def test_the_middle_line_reaches_the_dura_between_the_bones(phantom, name, level, side):
    seat = pose(phantom, name, level=level, side=side)
    met = first_met_mm(phantom, seat, reach_mm=90.0)
    assert met["dura"] is not None
    assert 30.0 < met["dura"] < 75.0
    assert met["bone"] is None or met["bone"] > met["dura"]
    height = seat.apply([0.0, 0.0, met["dura"]])[2]
    upper, lower = (phantom.landmark(f"{one} canal_centre")[2] for one in level.split("-"))
    assert lower < height < upper


@pytest.mark.parametrize("level", INTERSPACES)
@pytest.mark.parametrize("side", SIDES)
def test_a_paramedian_probe_lies_over_the_laminae_and_tilts_to_the_midline(phantom, level, side):
    seat = pose(phantom, "paramedian_sagittal_oblique", level=level, side=side)
    out = 1.0 if side == "left" else -1.0
    assert 8.0 < out * seat.matrix[0, 3] < 30.0
    assert 5.0 < -out * np.degrees(np.arcsin(seat.matrix[0, 2])) < 25.0


@pytest.mark.parametrize("level", INTERSPACES[:-1])
@pytest.mark.parametrize("side", SIDES)
def test_the_trident_plane_cuts_both_transverse_processes(phantom, level, side):
    """Root and tip of each lie on the two sides of the plane, and the cut within 40 mm of the beam,
    with nothing of bone between it and the skin."""
    seat = pose(phantom, "transverse_process", level=level, side=side)
    for vertebra in level.split("-"):
        ends = [
            phantom.landmark(f"{vertebra} {side} {end}") for end in ("sap_tp_junction", "tp_tip")
        ]
        root, tip = seat.inverse().apply(ends)
        assert root[1] * tip[1] < 0
        share = root[1] / (root[1] - tip[1])
        cut = root + share * (tip - root)
        assert abs(cut[0]) < 40.0
        above = cut - np.linspace(6.0, 40.0, 30)[:, None] * [0.0, 0.0, 1.0]
        assert free_mm(phantom, seat.apply(above)).min() > 0.0


def test_the_sap_tp_view_holds_the_angle_where_the_medial_branch_lies(phantom):
    seat = pose(phantom, "transverse_sap_tp", level="L4", side="left")
    junction = seat.inverse().apply(phantom.landmark("L4 left sap_tp_junction"))
    assert junction[:2] == pytest.approx([0.0, 0.0], abs=1e-6)


def test_a_target_takes_the_middle_of_the_beam(phantom):
    middle = pose(phantom, "transverse_interlaminar", level="L4-L5", side="left")
    aim = middle.apply([1.0, 0.5, first_met_mm(phantom, middle, reach_mm=90.0)["dura"]])
    for name in VIEWS:
        level = "L4" if VIEWS[name].takes == "vertebra" else "L4-L5"
        at = pose(phantom, name, level=level, side="left", target_mm=aim).inverse().apply(aim)
        assert at[:2] == pytest.approx([0.0, 0.0], abs=1e-6)


@pytest.fixture(scope="module")
def scene(phantom):
    """Echoes of L3-L4, from the skin past the canal."""
    return prepare(
        phantom, phantom.landmark("L3 canal_centre") + np.array([0.0, 25.0, -15.0]), reach_mm=62.0
    )


def seen(scene, phantom, name):
    """The picture of a view at L3-L4, and its middle fifth of columns."""
    probe = Probe.preset("curved_3p5mhz")
    seat = pose(phantom, name, level="L3-L4", side="right")
    shot = sonogram(scene, probe, seat, depth_mm=80.0, lines=96, samples=512)
    middle = round(shot.origin_px[1])
    return shot, slice(middle - 8, middle + 9)


@pytest.mark.parametrize("name", INTERLAMINAR)
def test_the_sac_is_seen_on_the_middle_lines_and_not_in_the_shadow_of_bone(scene, phantom, name):
    shot, middle = seen(scene, phantom, name)
    sac = shot.truth["labels"][:, middle] == label("csf")
    assert sac.any(axis=0).all()
    assert not shot.truth["shadow"][:, middle][sac].any()


def test_the_trident_casts_two_shadows_with_muscle_between(scene, phantom):
    """Along a row 70 mm deep: dark, bright, dark between L3 and L4."""
    shot, _ = seen(scene, phantom, "transverse_process")
    row = round(shot.origin_px[0] + 70.0 / shot.pixel_mm)
    dark = shot.truth["shadow"][row] & shot.sector[row]
    inner = dark[np.flatnonzero(shot.sector[row])[40:-40]]
    starts = int((np.diff(inner.astype(int)) == 1).sum())
    assert starts >= 2
    assert (~inner).mean() > 0.4


@pytest.mark.parametrize("name", VIEWS)
def test_with_a_probe_the_face_is_pressed_until_it_touches(phantom, name):
    probe = Probe.preset("curved_3p5mhz")
    level = "L4" if VIEWS[name].takes == "vertebra" else "L3-L4"
    laid = pose(phantom, name, level=level, side="left")
    held = pose(phantom, name, level=level, side="left", probe=probe)
    x, _, z = held.matrix[:3, :3].T
    off = held.matrix[:3, 3] - laid.matrix[:3, 3]
    assert 0.0 <= off @ z <= 8.0
    assert off == pytest.approx((off @ z) * z, abs=1e-9)
    gaps = gaps_mm(phantom, held.matrix[:3, 3][None], z[None], x[None], probe)
    assert coupling(gaps).mean() > 0.93


@pytest.mark.parametrize(
    ("name", "level", "said"),
    [
        (
            "transverse_process",
            "L4-L5",
            ["L4 left transverse process", "L5 left transverse process"],
        ),
        ("transverse_process", "L5-S1", ["L5 left transverse process", "S1 left ala"]),
        ("transverse_interlaminar", "L3-L4", ["L3-L4 canal"]),
        ("transverse_sap_tp", "L4", ["L4 left SAP/TP angle"]),
    ],
)
def test_what_a_view_is_named_after_lies_near_its_plane(phantom, name, level, said):
    found = named_after(phantom, name, level=level, side="left")
    assert list(found) == said
    seat = pose(phantom, name, level=level, side="left")
    for at in found.values():
        _, out, deep = seat.inverse().apply(at)
        assert abs(out) < 8.0
        assert 30.0 < deep < 80.0


def seen_of_the_sac(anatomy, level, view="transverse_interlaminar", side="right"):
    """Area of the sac that sound reaches, mm2, and the whole picture, over an interspace."""
    probe = Probe.preset("curved_3p5mhz")
    seat = pose(anatomy, view, level=level, side=side, probe=probe)
    assert first_met_mm(anatomy, seat, reach_mm=110.0)["dura"] is not None
    shot = sonogram(anatomy, probe, seat, lines=128, samples=512)
    sac = (shot.truth["labels"] == label("csf")) & ~shot.truth["shadow"] & shot.sector
    return float(sac.sum()) * shot.pixel_mm**2, shot


@pytest.mark.long
@pytest.mark.real("totalsegmentator_lumbar")
def test_windows_of_the_lumbar_ct_show_the_sac_between_the_bones(lumbar):
    """On the midline: fitted spinous processes shut the two windows, those of the CT do not."""
    ct = load_series(lumbar / "dicom")
    labels = load_labels(lumbar / "labels.nii.gz", grid=ct)
    spine = anatomy_from_ct(ct, labels, vertebrae=["L4"])
    for level in ("L3-L4", "L4-L5"):
        area_mm2, shot = seen_of_the_sac(spine, level)
        assert area_mm2 > 60
        assert angle_deg(shot.patient_from_probe.matrix[:3, 2], -POSTERIOR) < 26.0


@pytest.mark.long
@pytest.mark.real("lidc_0001")
def test_no_process_of_the_chest_ct_reaches_the_skin(lidc):
    """Its labels leave one slice (2.5 mm) between these laminae, less than the errors of two fits:
    whether sound comes through there is not asked."""
    ct = load_series(lidc / "dicom")
    labels = load_labels(lidc / "labels_totalsegmentator.nii.gz", grid=ct)
    chest = anatomy_from_ct(ct, labels, vertebrae=["L1", "L2"])
    probe = Probe.preset("curved_3p5mhz")
    for side in SIDES:
        seat = pose(chest, "paramedian_sagittal_oblique", level="L1-L2", side=side, probe=probe)
        shot = sonogram(chest, probe, seat, lines=128, samples=512)
        assert shot.truth["surface_mm"].min() > 8.0  # as far as the CT's own bone from the skin
    for bone in chest.bones.values():
        z, y, x = (np.arange(a, b, 2.0) for a, b in bone.box_mm.T[::-1])
        points = np.stack(np.meshgrid(x, y, z, indexing="ij"), axis=-1).reshape(-1, 3)
        inside = points[(bone.distance_mm(points) < 0.0) & chest.labels.contains(points)]
        assert (chest.labels.sample(inside, outside=0) != 0).all()


def test_left_and_right_are_mirror_images_on_the_mean_spine(phantom):
    for name in ("paramedian_sagittal_oblique", "transverse_process"):
        right, left = (pose(phantom, name, level="L2-L3", side=side) for side in SIDES)
        mirrored = np.diag([-1.0, 1.0, 1.0]) @ left.matrix[:3, 3]
        assert mirrored == pytest.approx(right.matrix[:3, 3], abs=1.6)  # voxels of skin


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("transverse_interlamina", "L3-L4", "right"), "did you mean 'transverse_interlaminar'"),
        (("transverse_process", "L3-L4", "up"), "side must be left or right, got 'up'"),
        (("paramedian_sagittal_oblique", "L4", "right"), "give L3-L4 or L4-L5"),
        (("paramedian_sagittal_oblique", "L3-L5", "right"), "no interspace 'L3-L5'"),
        (("transverse_process", "L9", "right"), "no level 'L9'"),
        (("transverse_sap_tp", "L3-L4", "right"), "give L3 or L4, not L3-L4"),
    ],
)
def test_a_view_that_does_not_exist_is_refused_with_the_nearest(words, said):
    with pytest.raises(InputError, match=said):
        check_view(*words)


def test_levels_are_read_from_above():
    assert vertebrae_of("L5-S1", "interspace") == ("L5", "S1")
    assert check_view("transverse_process", "L4", "left") == ("L4",)


def test_a_missing_vertebra_is_named():
    with pytest.raises(InputError, match="no landmarks of L3, it is missing or cut"):
        pose(block(), "transverse_process", level="L3-L4", side="right")


def test_a_view_on_the_midline_needs_no_side_and_the_others_do(phantom):
    plain = pose(phantom, "transverse_interlaminar", level="L3-L4")
    for side in ("left", "right"):
        sided = pose(phantom, "transverse_interlaminar", level="L3-L4", side=side)
        assert np.array_equal(plain.matrix, sided.matrix)
    with pytest.raises(InputError, match="side must be left or right"):
        pose(phantom, "transverse_process", level="L4")
