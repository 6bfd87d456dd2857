import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.injectate.lattice import Lattice

BOX = np.array([[-1.0, 2.0, 3.0], [4.0, 6.0, 9.0]])


def test_it_holds_its_box_and_lies_on_whole_steps():
    lattice = Lattice.around(BOX, 0.7)
    points = lattice.points_mm()
    assert (points.min(axis=0) <= BOX[0]).all()
    assert (points.max(axis=0) >= BOX[1]).all()
    assert points / 0.7 == pytest.approx(np.rint(points / 0.7), abs=1e-9)
    assert len(points) == np.prod(lattice.shape)


def test_points_run_as_an_array_on_it_does():
    lattice = Lattice.around(BOX, 0.9)
    index = np.stack(np.meshgrid(*map(np.arange, lattice.shape), indexing="ij"), axis=-1)
    assert lattice.patient_from_voxel.apply(index.reshape(-1, 3)) == pytest.approx(
        lattice.points_mm()
    )
    where = np.zeros(lattice.shape, dtype=bool)
    where[1, 2, 3] = True
    assert lattice.points_mm(where)[0] == pytest.approx(lattice.patient_from_voxel.apply([1, 2, 3]))


def test_a_part_and_what_is_joined_meet_cube_on_cube():
    lattice = Lattice.around(BOX, 0.5)
    box = lattice.within([[0.0, 3.0, 4.0], [2.0, 5.0, 7.0]])
    part = lattice.part(box)
    assert part.points_mm().min(axis=0) == pytest.approx([0, 3, 4])
    assert part.points_mm().max(axis=0) == pytest.approx([2, 5, 7])
    other = Lattice.around(BOX + 30.0, 0.5)
    both = lattice.joined(other)
    whole = np.zeros(both.shape)
    whole[both.place_of(part)] = 1
    assert both.points_mm(whole > 0) == pytest.approx(part.points_mm())
    assert (both.points_mm().max(axis=0) >= BOX[1] + 30).all()
    with pytest.raises(InputError, match="do not meet"):
        lattice.joined(Lattice.around(BOX, 0.7))


def test_a_box_outside_gives_nothing_and_one_too_large_is_refused():
    lattice = Lattice.around(BOX, 0.5)
    assert np.zeros(lattice.shape)[lattice.within(BOX + 100)].size == 0
    with pytest.raises(InputError, match="too large"):
        Lattice.around(np.array([[0.0] * 3, [900.0] * 3]), 0.5)


def test_volume_of_a_cube():
    assert Lattice.around(BOX, 2.0).cell_ml == pytest.approx(0.008)
