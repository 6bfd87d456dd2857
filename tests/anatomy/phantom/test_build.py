"""The phantom as an Anatomy."""

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.named_tissue import tissue_of_space, tissue_of_structure
from needle_sim.anatomy.phantom.build import anatomy_of, build_phantom
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.anatomy.tissue import bone_labels, family_labels, label, tissues

LEVELS = spine_spec().levels


@pytest.fixture(scope="module")
def phantom():
    return build_phantom(voxel_mm=2.0)


def at(anatomy, level: str, point) -> np.ndarray:
    return anatomy.bodies[level].apply(point)


def test_it_has_everything_a_procedure_asks_for(phantom):
    assert set(phantom.bodies) == set(LEVELS)
    assert phantom.hazards_known
    for name in ("L5 right sap_tip", "L5 right sap_neck_ventral", "L2 left foramen_centre",
                 "L4 superior_endplate_anterior", "S1 left ala_notch"):  # fmt: skip
        assert phantom.landmark(name).shape == (3,)
    assert phantom.structures["L4 right medial branch"].kind == "medial_branch"
    assert {"L1", "L5", "S1", "left ilium"} <= set(phantom.bones)


def test_the_field_shows_the_spine_and_the_skin_below_it(phantom):
    low = phantom.ct.patient_from_voxel.apply([0, 0, 0])
    high = phantom.ct.patient_from_voxel.apply(np.array(phantom.ct.shape) - 1)

    assert low[2] < phantom.bodies["L5"].matrix[2, 3] - 100.0
    assert high[2] > phantom.bodies["L1"].matrix[2, 3] + 20.0
    assert low[0] < -160.0 < 160.0 < high[0]
    edge = phantom.labels.array[:, :, [0, -1]]
    assert (edge == label("air")).all()
    assert (phantom.labels.array[:, [0, -1]] == label("air")).all()


def test_tissues_lie_where_they_belong(phantom):
    points = np.stack(
        [
            at(phantom, "L3", [0.0, 0.0, 0.0]),
            at(phantom, "L3", [0.0, 0.0, -18.7]),
            at(phantom, "L3", [0.0, 25.0, 0.0]),
            at(phantom, "L3", [40.0, -4.0, 0.0]),
            at(phantom, "L3", [40.0, 55.0, 0.0]),
            at(phantom, "L3", [7.0, 45.0, 0.0]),
        ]
    )
    names = ["trabecular_bone", "nucleus", "cauda_equina", "psoas", "erector_spinae", "multifidus"]

    assert phantom.tissue_labels(points).tolist() == [label(name) for name in names]
    assert phantom.labels.sample(points).astype(int).tolist() == [label(name) for name in names]


def test_a_phantom_holds_at_least_thirty_tissues(phantom):
    found = {tissues()[n].name for n in np.unique(phantom.labels.array)}

    assert len(found) >= 30
    assert found >= {
        "skin", "fat", "cortical_bone", "trabecular_bone", "cartilage", "facet_joint",
        "annulus", "nucleus", "ligamentum_flavum", "interspinous_ligament",
        "supraspinous_ligament", "sacrococcygeal_ligament", "epidural_fat", "dura", "csf",
        "cauda_equina", "root", "medial_branch", "sacroiliac_joint", "psoas",
        "quadratus_lumborum", "multifidus", "erector_spinae", "kidney", "liver", "aorta", "ivc",
        "segmental_vessel", "radiculomedullary_artery", "bowel", "bowel_gas",
    }  # fmt: skip


def test_the_voxels_deep_in_a_structure_or_space_hold_its_tissue(phantom):
    """What is wider than a voxel is in the labels, where nothing exact lies over it."""
    families = {
        "dura": family_labels("csf"),
        "cauda_equina": family_labels("csf"),
        "disc": family_labels("annulus", "nucleus"),
    }
    rng, margin = np.random.default_rng(0), 0.87 * float(phantom.ct.spacing_mm.max())
    bones, named = phantom.bones.values(), list(phantom.structures.values())
    shapes = [
        (one, tissue_of_structure(one), [other for other in named if other is not one])
        for one in named
    ]
    shapes += [(one.shape, tissue_of_space(one), named) for one in phantom.spaces.values()]
    kinds = [one.kind for one in (*named, *phantom.spaces.values())]
    seen = set()
    for (shape, tissue, over), kind in zip(shapes, kinds, strict=True):
        points = rng.uniform(*shape.box_mm, (20_000, 3))
        points = points[shape.distance_mm(points) < -margin]
        for other in (*bones, *over):
            points = points[other.distance_mm(points) > margin] if len(points) else points
        points = points[phantom.labels.contains(points)]
        if len(points) < 20 or kind in ("canal", "foramen"):
            continue
        seen.add(kind)
        found = phantom.labels.sample(points).astype(int)
        wanted = families.get(kind, (label(tissue),))
        assert np.isin(found, wanted).mean() > 0.98, (kind, tissue)  # depths are to first order
    assert seen >= {"dura", "vessel", "disc"}


def test_trabecular_bone_has_the_density_of_an_adult(phantom):
    # JANG19, Radiology 2019;291:360: L1 226 +- 44 HU under 30 years, 89 over 90
    x, y, z = np.meshgrid(*[np.arange(-6.0, 7.0, 2.0)] * 3)
    sample = phantom.ct.sample(at(phantom, "L1", np.stack([x, y, z], axis=-1).reshape(-1, 3)))

    assert 120 < sample.mean() < 240


def test_left_and_right_mirror_in_the_mean_spine(phantom):
    for level in LEVELS[:-1]:
        right = phantom.landmark(f"{level} right sap_neck_dorsal")
        left = phantom.landmark(f"{level} left sap_neck_dorsal")

        assert right[0] < 0 < left[0]
        assert left == pytest.approx(right * [-1, 1, 1], abs=0.05)


def test_the_same_call_gives_the_same_bytes(phantom):
    again = build_phantom(voxel_mm=2.0)

    assert again.ct.array.tobytes() == phantom.ct.array.tobytes()
    assert again.labels.array.tobytes() == phantom.labels.array.tobytes()


def test_a_seed_draws_a_patient_and_the_same_one_again():
    first, again, other = (build_phantom(seed=seed, voxel_mm=4.0) for seed in (7, 7, 8))

    assert first.ct.array.tobytes() == again.ct.array.tobytes()
    shift = first.landmark("L5 right sap_tip") - other.landmark("L5 right sap_tip")
    assert np.linalg.norm(shift) > 0.5


def test_landmarks_do_not_depend_on_voxels(phantom):
    coarse = build_phantom(voxel_mm=4.0)

    for name, point in phantom.landmarks_mm.items():
        np.testing.assert_array_equal(point, coarse.landmarks_mm[name])


def test_progress_runs_to_the_end():
    told = []
    build_phantom(voxel_mm=4.0, progress=lambda done, total: told.append((done, total)))

    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("level", ["L1", "L2", "L3", "L4"])
def test_an_electrode_on_the_neck_lies_in_muscle(phantom, level, side):
    # multifidus and longissimus cover the dorsal face of the neck (Tran 2022, rapm-2022-103653)
    target = phantom.target(f"{level} {side} medial branch")
    back_mm = np.random.default_rng(5).uniform(0.0, 10.0, (2000, 1))
    off = np.random.default_rng(6).uniform(-4.0, 4.0, (2000, 3))
    near = np.linalg.norm(off, axis=1) < 4.0
    points = (target.centre_mm - back_mm * target.approach + off)[near]
    found = phantom.tissue_labels(points)
    soft = found[~np.isin(found, [*bone_labels(), *family_labels("cartilage", "nerve")])]

    assert len(soft) > 300
    assert np.mean(np.isin(soft, family_labels("muscle"))) >= 0.7


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_drawn_patients_have_muscle_on_the_neck_too(seed):
    patient = build_phantom(seed=seed, voxel_mm=3.0)
    for name in ("L1 left medial branch", "L4 right medial branch"):
        target = patient.target(name)
        off = np.random.default_rng(6).uniform(-4.0, 4.0, (1000, 3))
        found = patient.tissue_labels(target.centre_mm - 5.0 * target.approach + off)
        soft = found[~np.isin(found, [*bone_labels(), *family_labels("cartilage", "nerve")])]

        assert np.mean(np.isin(soft, family_labels("muscle"))) >= 0.7


def test_the_inset_shows_the_same_bones_on_a_finer_grid():
    patient = build_phantom(voxel_mm=3.0, fine_mm=1.5)
    low, high = patient.inset.corners_mm()

    assert high - low == pytest.approx(np.array([200.0, 150.0, 225.0]), abs=12.0)
    assert patient.inset.spacing_mm == pytest.approx(1.5)
    for level in ("L1", "L2", "L3", "L4", "L5"):
        for name in ("spinous_tip", "left tp_tip", "superior_endplate_anterior"):
            point = patient.landmark(f"{level} {name}")
            assert (low < point).all()
            assert (point < high).all()
    # averaged over the coarse voxels it is the coarse CT
    grid = np.random.default_rng(2).uniform(low + 15.0, high - 15.0, (4000, 3))
    pairs = [one.sample(grid) for one in (patient.ct, patient.inset)]
    assert np.corrcoef(*pairs)[0, 1] > 0.9
    assert np.mean(pairs[0]) == pytest.approx(np.mean(pairs[1]), abs=8.0)


def test_without_a_fine_voxel_there_is_no_inset(phantom):
    assert phantom.inset is None


def test_a_phantom_says_what_its_levels_are_counted_from(phantom):
    (said,) = [str(note) for note in phantom.notes if note.tag == "numbering"]

    assert said.startswith("levels are counted from the sacrum and from the lowest ribs")
    assert "L5 lies on the sacrum; rib 12 joins T12; 5 lumbar vertebrae" in said


def test_a_spine_without_lumbar_vertebrae_is_built():
    """Only sizes and level rules say which region it is: nothing else needs a lumbar level."""
    spine = spine_spec("lumbar_normal")
    few = {level: one for level, one in spine.vertebrae.items() if not level.startswith("L")}

    found = anatomy_of(replace(spine, vertebrae=few, origin="T12"), voxel_mm=4.0)

    assert tuple(found.bodies) == ("T10", "T11", "T12", "S1")
    assert {"aorta", "inferior_vena_cava"}.isdisjoint(found.structures)
    assert {"T11 left root", "dura"} <= set(found.structures)
    organs = {"liver", "kidney", "bowel", "stomach", "spleen"}
    assert not set(np.unique(found.labels.array)) & {label(one) for one in organs}
