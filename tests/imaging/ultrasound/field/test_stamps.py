import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Space, Structure
from needle_sim.anatomy.tissue import label
from needle_sim.geometry.shapes import Tube
from needle_sim.imaging.ultrasound.field.grid import Grid
from needle_sim.imaging.ultrasound.field.stamps import NO_STAMP, stamps
from tests.imaging.ultrasound.field.test_bone_field import Rod, patient

GRID = Grid(np.array([-20.0, -20.0, -20.0]), 0.65, (62, 62, 62))
MUSCLE = (lambda at: at[..., 0] > 99,)


def tube(kind, radius_mm, *, along=2):
    ends = np.zeros((12, 3))
    ends[:, along] = np.linspace(-15, 15, 12)
    return Structure(kind, kind, (Tube(ends, np.full(12, radius_mm)),), "constructed")


def volume_ml(found, name):
    return float((found == label(name)).sum() * 0.65**3 * 1e-3)


def test_the_sac_is_csf_of_the_volume_of_its_tube():
    found = stamps(patient(*MUSCLE, structures={"dura": tube("dura", 6.0)}), GRID)

    exact_ml = (np.pi * 6**2 * 30 + 4 / 3 * np.pi * 6**3) * 1e-3
    assert volume_ml(found, "csf") == pytest.approx(exact_ml, rel=0.02)
    assert set(np.unique(found)) == {label("csf"), NO_STAMP}


def test_roots_lie_in_the_sac_and_the_sac_in_the_canal():
    canal = Space("canal", "canal", Rod(), "inferred")
    structures = {"dura": tube("dura", 4.0, along=0), "root": tube("root", 1.5, along=0)}

    found = stamps(patient(*MUSCLE, structures=structures, spaces={"canal": canal}), GRID)

    middle = [int(n) for n in GRID.voxels([0.0, 0.0, 0.0])]
    row = found[middle[0], :, middle[2]]
    names = [label(name) for name in ("epidural_fat", "csf", "root")]
    seen = [int(row[int(n)]) for n in (GRID.voxels([0.0, y, 0.0])[1] for y in (5.0, 3.0, 0.0))]
    assert seen == names


def test_a_phantoms_own_discs_stand_but_inferred_ones_are_annulus():
    for provenance, there in (("constructed", False), ("inferred", True)):
        disc = Space("L3-L4 disc", "disc", Rod(), provenance)
        found = stamps(patient(*MUSCLE, spaces={disc.name: disc}), GRID)
        assert (volume_ml(found, "annulus") > 3) is there
