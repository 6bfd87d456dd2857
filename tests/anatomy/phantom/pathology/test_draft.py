"""A draft is changed step by step, in the order of the list."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from needle_sim.anatomy.phantom.build import drafted
from needle_sim.anatomy.phantom.pathology.draft import afflicted
from needle_sim.anatomy.phantom.pathology.flavum import FlavumHypertrophy
from needle_sim.anatomy.phantom.pathology.kind import Pathology, resized
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.errors import InputError


@dataclass(frozen=True)
class Step(Pathology):
    """Doubles a size, grows L4 by nothing, and takes the flavum of L4-L5 away."""

    kind: ClassVar[str] = "step"

    def changed(self, spine):
        return resized(spine, "L4", flavum_mm=2.0 * spine.vertebrae["L4"].flavum_mm)

    def grown(self, own, stack):
        return {**own, "L4": own["L5"]}

    def altered(self, draft):
        return draft.without("L4-L5 flavum")


def test_each_step_of_a_kind_is_taken():
    spine = replace(spine_spec(), pathology=(Step(),))

    draft = drafted(spine)

    assert draft.spine.vertebrae["L4"].flavum_mm == 2.0 * spine.vertebrae["L4"].flavum_mm
    assert "L4-L5 flavum" not in draft.spaces
    assert "L3-L4 flavum" in draft.spaces
    body = draft.stack.bodies["L4"]
    at = body.apply([[0.0, 0.0, 0.0], [10.0, 3.0, 8.0], [30.0, 20.0, 0.0]])
    other = draft.stack.bodies["L5"].apply(body.inverse().apply(at))
    assert draft.bones["L4"].distance_mm(at) == pytest.approx(draft.bones["L5"].distance_mm(other))


def test_sizes_change_one_after_the_other():
    spine = replace(spine_spec(), pathology=(Step(), Step()))

    assert afflicted(spine).vertebrae["L4"].flavum_mm == pytest.approx(
        4.0 * spine.vertebrae["L4"].flavum_mm
    )


def test_a_fault_names_the_kind():
    spine = replace(spine_spec(), pathology=(FlavumHypertrophy("L4-T5", 5.0),))

    with pytest.raises(InputError, match=r"^flavum_hypertrophy: level must be two neighbours"):
        afflicted(spine)
