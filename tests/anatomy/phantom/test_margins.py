"""Room between the parts of a spine."""

import numpy as np
import pytest

from needle_sim.anatomy.phantom.column import column
from needle_sim.anatomy.phantom.margins import Pose, faults, holds, margins
from needle_sim.anatomy.phantom.person import Person
from needle_sim.anatomy.phantom.population import sample_population
from needle_sim.anatomy.phantom.size_table import size_table
from needle_sim.anatomy.phantom.spec import spine_of


@pytest.fixture(scope="module")
def people():
    return sample_population(30, 4)


def test_bodies_lie_where_the_column_puts_them(people):
    table = people.table
    levels, sizes, sacrum, _ = table.parts(people.values)
    pose = Pose.of(sizes, sacrum)

    for index in (0, 11):
        stack = column(people.spine(index))
        last = stack.bodies["S1"].matrix
        for n, level in enumerate(levels):
            body = stack.bodies[level].matrix
            assert pose.y[index, n] == pytest.approx(body[1, 3] - last[1, 3], abs=1e-9)
            assert pose.z[index, n] == pytest.approx(body[2, 3] - last[2, 3], abs=1e-9)
            up = -np.sin(pose.tilt[index, n]), np.cos(pose.tilt[index, n])
            assert up == pytest.approx(tuple(body[1:3, 2]), abs=1e-9)


def test_a_slipped_body_lies_where_the_column_puts_it(people):
    table = people.table
    values = people.values[:1].copy()
    values[:, table.names.index("L5_slip_above_mm")] = 6.0
    levels, sizes, sacrum, _ = table.parts(values)
    pose, stack = (
        Pose.of(sizes, sacrum),
        column(spine_of(table, values[0], Person(), np.full(3, np.nan))),
    )
    last = stack.bodies["S1"].matrix

    for n, level in enumerate(levels):
        off = stack.bodies[level].matrix[:3, 3] - last[:3, 3]
        assert (pose.y[0, n], pose.z[0, n]) == pytest.approx(tuple(off[1:]), abs=1e-9)


def test_everybody_who_is_drawn_holds(people):
    assert holds(*people.table.parts(people.values)).all()


def test_each_margin_has_a_place_for_each_value(people):
    found = list(margins(*people.table.parts(people.values)))

    assert len(found) >= 18
    assert len({one.name for one in found}) == len(found)
    for one in found:
        assert one.value.shape == (len(people), len(one.places))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"L3_pedicle_width_mm": 2.0}, "L3 width of the pedicle 2, at least 2.5"),
        ({"L2_pedicle_transverse_deg": -25.0}, "L2 pedicle beside the canal"),
        ({"L3_canal_width_mm": 40.0}, "L3 pedicle on the body"),
        ({"L4_canal_depth_mm": 6.0}, "L4 depth of the canal 6"),
        ({"S1_disc_above_mm": 1.0}, "L5-S1 back of the disc"),
        ({"L4_lordosis_above_deg": 42.0}, "L3-L4 back of the disc"),
        (
            {"L3_lamina_height_mm": 60.0, "L3_lamina_slope_deg": 0.0},
            "L3-L4 gap between the laminae",
        ),
        ({"L2_spinous_slope_deg": 45.0}, "L2-L3 gap between the spinous processes"),
        ({"L4_facet_spread_mm": 4.0}, "L3-L4 inferior processes off the midline"),
        ({"L4_sap_thickness_mm": 16.0}, "L3-L4 foramen before the joint"),
        ({"L3_pedicle_height_mm": 48.0}, "L2-L3 height of the foramen"),
        ({"L3_anterior_height_mm": 12.0}, "L3 height of the body's front over its back"),
        ({"L2_iap_height_mm": 24.0}, "L2-L3 inferior process over the arch below"),
        ({"L1_canal_depth_mm": 24.0}, "L1-L2 inferior process behind the canal"),
        ({"L4_facet_spread_mm": 6.0}, "L4 superior process beside the canal"),
        ({"trunk_behind_spinous_mm": 2.0}, "trunk room under the skin"),
    ],
)
def test_a_planted_fault_is_named(sizes, message):
    table = size_table("lumbar_normal")
    row = table.mean[None].copy()
    assert faults(*table.parts(row)) == ()
    for name, value in sizes.items():
        row[0, table.places(name)] = value

    assert any(text.startswith(message) for text in faults(*table.parts(row)))
    assert not holds(*table.parts(row))[0]


def test_a_length_that_is_not_positive_does_not_hold():
    table = size_table("lumbar_normal")
    row = table.mean[None].copy()
    row[0, table.places("L4_mamillary_mm")] = 0.0

    assert not holds(*table.parts(row))[0]
