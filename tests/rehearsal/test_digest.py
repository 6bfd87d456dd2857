"""A digest changes with what a log depends on, and with nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.digest import anatomy_digest, header_of, procedure_digest
from needle_sim.volume.volume import Volume
from tests.rehearsal.attempts import patient


def test_the_same_patient_built_twice_has_the_same_digest():
    assert anatomy_digest(patient()) == anatomy_digest(patient())


def test_one_voxel_one_shift_or_one_moved_nerve_is_another_patient():
    here = patient()
    found = {anatomy_digest(here)}
    for name in ("ct", "labels"):
        volume = getattr(here, name)
        other = np.array(volume.array)
        other[3, 4, 5] += 1
        changed = Volume(other, volume.patient_from_voxel, volume.quantity)
        found.add(anatomy_digest(replace(here, **{name: changed})))
    moved = np.array(here.ct.patient_from_voxel.matrix)
    moved[0, 3] += 0.5
    place = replace(here.ct.patient_from_voxel, matrix=moved)
    found.add(anatomy_digest(replace(here, ct=replace(here.ct, patient_from_voxel=place))))
    less = {name: one for name, one in here.structures.items() if name != "aorta"}
    found.add(anatomy_digest(replace(here, structures=less)))
    assert len(found) == 5


def test_every_word_and_number_of_a_recipe_counts():
    here = Procedure.preset("facet-injection")
    assert procedure_digest(here) == procedure_digest(Procedure.preset("facet-injection"))
    changed = (
        replace(here, title="another"),
        replace(here, steps=here.steps[:-1]),
        replace(here, approach=replace(here.approach, oblique_deg=1.0)),
    )
    assert len({procedure_digest(one) for one in (here, *changed)}) == 4


def test_a_header_names_patient_and_recipe_by_digest():
    here, recipe = patient(), Procedure.preset("facet-injection")
    made = header_of(here, recipe, "L4-L5", "left", 7, pictures=False, phantom_seed=None)
    assert (made.patient, made.procedure) == (here.name, "facet-injection")
    assert made.patient_digest == anatomy_digest(here)
    assert made.procedure_digest == procedure_digest(recipe)
    made.check_same(made)
