"""The shipped phantoms with pathology: files, kinds, and one of many parts read back whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from needle_sim.anatomy.finding import findings
from needle_sim.anatomy.phantom.pathology.draft import afflicted
from needle_sim.anatomy.phantom.pathology.kinds import KINDS
from needle_sim.anatomy.phantom.phantom_file import phantom_names
from needle_sim.anatomy.phantom.sound import sound
from needle_sim.anatomy.phantom.spec import spine_spec


def test_a_dozen_phantoms_and_more_are_shipped_and_use_every_kind():
    shipped = [spine_spec(name) for name in phantom_names()]
    sick = [one for one in shipped if one.pathology]

    assert len(sick) >= 12
    assert {one.kind for spine in sick for one in spine.pathology} == set(KINDS)


@pytest.mark.parametrize("name", phantom_names())
def test_its_sizes_go_together(name):
    spine = afflicted(spine_spec(name))
    broken = {one.where for one in spine.pathology if one.kind == "compression_fracture"}

    assert [one for one in sound(spine) if one.split()[0] not in broken] == []


def test_a_spine_of_many_parts_is_read_back_part_by_part(built):
    spine = spine_spec("failed_back")
    found = findings(built(name="failed_back"))

    assert {one.kind for one in found} == {one.kind for one in spine.pathology}
    assert all(one.share_off < 0.02 for one in found)


def test_people_of_a_phantom_all_have_what_it_has():
    spine = spine_spec("elderly_mixed")
    assert spine.pathology
    assert replace(spine, pathology=()).vertebrae == spine.vertebrae
    assert afflicted(spine).vertebrae["L4"] != spine.vertebrae["L4"]
