"""Screws lie in their pedicles, as thick and long as asked for, and are metal to every room."""

import numpy as np
import pytest

from needle_sim.anatomy.finding import findings
from needle_sim.anatomy.metal import metal_notes
from needle_sim.anatomy.phantom.build import bones_of, build_phantom
from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.pathology.draft import Draft, afflicted
from needle_sim.anatomy.phantom.pathology.hardware import FusionHardware, PlacedHardware
from needle_sim.anatomy.phantom.pathology.screw import PEDICLE_SHARE
from needle_sim.anatomy.phantom.person import Person
from needle_sim.anatomy.phantom.posts import Posts
from needle_sim.anatomy.phantom.spec import generator, spine_spec
from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError
from needle_sim.geometry.transform import unit

SET = FusionHardware(("L4", "L5", "S1"), 6.5, 45.0, 38.0)


@pytest.fixture(scope="module")
def fused():
    return build_phantom(pathology=[SET], voxel_mm=2.0)


def test_diameter_and_length_are_read_back_within_two_percent(built):
    found = findings(built(SET))

    assert len(found) == 3
    assert all(one.share_off < 0.02 for one in found)


def test_every_shaft_runs_through_its_pedicle_in_bone(built):
    anatomy = built(SET)
    for level in ("L4", "L5"):
        for side in ("left", "right"):
            screw, whole = anatomy.bones[f"{level} {side} screw"], anatomy.bones[level]
            at = np.random.default_rng(0).uniform(*screw.box_mm, (4000, 3))
            at = at[screw.distance_mm(at) < 0.0]
            own = anatomy.body(level).inverse()
            before = (
                own.apply(at)[:, 1]
                < own.apply(anatomy.landmark(f"{level} {side} pedicle_centre"))[1]
            )
            assert before.sum() > 50
            assert (whole.distance_mm(at[before]) < 0.0).all()


def test_the_ct_shows_metal_and_says_so(fused):
    (note,) = metal_notes(fused.ct, None, np.ones(fused.ct.shape, dtype=bool))

    assert "metal" in str(note)
    assert fused.ct.array.max() == 3071
    screw = fused.bones["L4 left screw"].box_mm.mean(axis=0)
    assert fused.labels.sample(screw[None], outside=0)[0] == label("titanium")


def test_a_needle_meets_titanium(fused):
    screw = fused.bones["L5 right screw"]
    low, high = screw.box_mm
    at = np.linspace(low, high, 400)
    inside = screw.distance_mm(at) < 0.0

    assert inside.any()

    assert (fused.tissue_labels(at[inside]) == label("titanium")).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((("L4",),), "a rod needs two vertebrae"),
        ((("L4", "L5"), 12.0), "screw_mm must lie from 4.5 to 8.5"),
        ((("L4", "L5"), 6.5, 90.0), "length_mm must lie from 25 to 60"),
        ((("L4", "L5"), 6.5, 45.0, 60.0), "sacral_mm must lie from 20 to 50"),
        ((("L4", "L5"), 6.5, 45.0, 38.0, 1.0), "rod_mm must lie from 4 to 6.5"),
    ],
)
def test_sizes_that_cannot_be_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        FusionHardware(*given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("L3", "L5"), "levels must follow each other"),
        (("L5", "L4"), "levels must follow each other"),
    ],
)
def test_levels_with_a_gap_are_refused(built, given, message):
    with pytest.raises(InputError, match=message):
        built(FusionHardware(given))


def test_a_pedicle_too_slender_for_the_thinnest_screw_is_refused():
    spine = spine_spec("lumbar_normal", overrides={"T11_pedicle_width_mm": 5.0})
    with pytest.raises(InputError, match=r"T11 are 5\.0 mm wide .* thinnest of 4\.5; leave T11"):
        FusionHardware(("T11", "T12")).changed(spine)


def test_a_bone_too_short_for_the_shortest_screw_is_refused():
    with pytest.raises(InputError, match=r"L4 holds a screw of 24\.9 mm .* shortest of 25; leave"):
        SET._long_mm("L4", 24.9)


def test_what_does_not_fit_is_smaller_and_the_notes_and_the_findings_say_so(built):
    asked = FusionHardware(("T12", "L1"), 8.0, 60.0)
    anatomy = built(asked)
    (placed,) = anatomy.pathology
    found = findings(anatomy)

    assert isinstance(placed, PlacedHardware)
    assert (placed.screw_mm, placed.length_mm) == (8.0, 60.0)
    assert all(one.thick_mm < 8.0 and one.long_mm < 60.0 for one in placed.shafts)
    told = placed.leaves(None)
    for one in placed.shafts:
        name = f"{one.level} {one.side}"
        assert f"{name} screw {one.thick_mm:g} mm thick, not 8:" in told
        assert f"{name} screw {one.long_mm:g} mm long, not 60:" in told
        assert any(name in row.quantity and "8 mm do not fit" in row.quantity for row in found)
        assert any(name in row.quantity and "60 mm do not fit" in row.quantity for row in found)
    assert all(row.share_off < 0.02 for row in found)


def test_where_all_fits_the_notes_say_nothing(built):
    (placed,) = built(SET).pathology

    assert placed.leaves(None) == ""
    assert {one[2:4] for one in placed.shafts} == {(6.5, 45.0), (6.5, 38.0)}


def test_what_was_placed_can_be_asked_for_again(built):
    (placed,) = built(SET).pathology

    assert built(placed).pathology == (placed,)


@pytest.mark.parametrize("sex", ["female", "male"])
@pytest.mark.parametrize("seed", range(8))
def test_a_persons_screws_are_the_longest_that_stay_in_bone(seed, sex):
    """2 mm of bone before each tip, and none shorter than its bone asks for by a step or more."""
    placed, draft = fitted(seed, sex)

    assert all(row.share_off < 0.02 for row in placed.measured(draft))
    for one in placed.shafts:
        bone, at = draft.bones[one.level], course(draft, one.level, one.side)
        tip = at(one.long_mm)
        assert bone.distance_mm(tip[None])[0] <= -1.95
        assert draft.bones[f"{one.level} {one.side} screw"].distance_mm(tip[None])[0] < 0.05
        wide = PEDICLE_SHARE * draft.spine.vertebrae[one.level].pedicle_width_mm
        assert one.thick_mm <= wide
        assert one.out_mm < 2.5
        if one.long_mm < one.asked_long_mm:
            step = min(5.0, one.asked_long_mm - one.long_mm)
            beyond = at(one.long_mm + step)[None]
            assert bone.distance_mm(beyond)[0] > -3.5  # nearer than 2 mm, or its rim stands out
            assert f"{one.level} {one.side} screw {one.long_mm:g} mm long" in placed.leaves(draft)


def fitted(seed, sex):
    """The hardware of a drawn person, and the bones with it; no nerves and no spaces."""
    spine = afflicted(spine_spec("fusion_l4_s1", rng=generator(seed), person=Person(sex)))
    stack = column(spine)
    _, bones = bones_of(stack, spine.sacrum, pathology=spine.pathology)
    draft = spine.pathology[-1].altered(Draft(spine, stack, bones, {}, {}, {}))
    return draft.spine.pathology[-1], draft


def course(draft, level, side):
    """Places along the axis of a pedicle, by their way from where it enters the bone."""
    post = Posts(draft.stack.vertebrae[level], side)
    body = draft.stack.bodies[level]
    axis, middle = unit(body.turn(post.pedicle_axis)), body.apply(post.pedicle)
    way = np.arange(45.0, 0.0, -0.01)
    depth = draft.bones[level].distance_mm(middle + way[:, None] * axis)
    entry = middle + way[np.argmax(depth < 0.0)] * axis
    return lambda along: entry - along * axis
