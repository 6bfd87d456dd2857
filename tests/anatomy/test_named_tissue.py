"""Which tissue a structure and a space are made of."""

import pytest

from needle_sim.anatomy.named_tissue import (
    SPACE_TISSUES,
    STRUCTURE_TISSUES,
    is_metal,
    obstacle,
    tissue_of_space,
    tissue_of_structure,
)
from needle_sim.anatomy.tissue import family_of
from needle_sim.geometry.shapes import Tube


def test_every_tissue_that_is_named_is_one():
    for tissue in (*STRUCTURE_TISSUES.values(), *SPACE_TISSUES.values()):
        assert family_of(tissue) is not None, tissue


def test_nerves_of_a_phantom_are_nerve_vessels_blood_and_the_sac_csf(phantom):
    family = {"dura": "csf", "cauda_equina": "csf", "vessel": "blood"}
    for one in phantom.structures.values():
        assert family_of(tissue_of_structure(one)) == family.get(one.kind, "nerve"), one.name


def test_the_spaces_of_a_phantom_have_tissues_of_their_kind(phantom):
    family = {
        "canal": "epidural_fat",
        "foramen": "epidural_fat",
        "facet_joint": "cartilage",
        "disc": "annulus",
        "flavum": "ligament",
    }
    for one in phantom.spaces.values():
        if one.kind in family:
            assert family_of(tissue_of_space(one)) == family[one.kind], one.name


@pytest.mark.parametrize(
    ("name", "tissue"),
    [
        ("aorta", "aorta"),
        ("inferior_vena_cava", "ivc"),
        ("L1 left radiculomedullary artery", "radiculomedullary_artery"),
        ("L3 right segmental artery", "segmental_vessel"),
        ("iliac_artery_left", "blood"),
    ],
)
def test_a_vessel_goes_by_its_name(phantom, name, tissue):
    from needle_sim.anatomy.anatomy import Structure

    tube = Tube([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]], 1.0)
    assert tissue_of_structure(Structure(name, "vessel", (tube,), "constructed")) == tissue


def test_screws_and_rods_are_metal_and_called_so():
    assert is_metal("L4 left screw")
    assert is_metal("L4-S1 right rod")
    assert not any(is_metal(name) for name in ("L4", "coccyx", "left ilium"))
    assert obstacle("L4 left screw") == "metal, L4 left screw"
    assert obstacle("L4") == "bone of L4"
