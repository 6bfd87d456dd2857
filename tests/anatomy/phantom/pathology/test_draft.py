"""A draft is changed step by step, in the order of the list."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from needle_sim.anatomy.phantom.build import drafted
from needle_sim.anatomy.phantom.pathology.draft import afflicted
from needle_sim.anatomy.phantom.pathology.flavum import FlavumHypertrophy
from needle_sim.anatomy.phantom.pathology.kind import Pathology, resized
from needle_sim.anatomy.phantom.spec import spine_spec
from needle_sim.errors import InputError
from needle_sim.geometry.shapes import Implicit, bar

KNOB = np.array([0.0, -30.0, 0.0])


@dataclass(frozen=True)
class Step(Pathology):
    """Doubles a size, grows a knob before L4, and takes the flavum of L4-L5 away."""

    kind: ClassVar[str] = "step"

    def changed(self, spine):
        return resized(spine, "L4", flavum_mm=2.0 * spine.vertebrae["L4"].flavum_mm)

    def grown(self, own, stack):
        return {**own, "L4": Implicit.of([*own["L4"].rows, bar(KNOB, KNOB, (4.0, 4.0))])}

    def altered(self, draft):
        return draft.without("L4-L5 flavum")


def test_each_step_of_a_kind_is_taken():
    spine = replace(spine_spec(), pathology=(Step(),))

    draft = drafted(spine)

    assert draft.spine.vertebrae["L4"].flavum_mm == 2.0 * spine.vertebrae["L4"].flavum_mm
    assert "L4-L5 flavum" not in draft.spaces
    assert "L3-L4 flavum" in draft.spaces
    body = draft.stack.bodies["L4"]
    assert draft.bones["L4"].distance_mm(body.apply([KNOB])) == pytest.approx(-4.0, abs=0.01)


def test_sizes_change_one_after_the_other():
    spine = replace(spine_spec(), pathology=(Step(), Step()))

    assert afflicted(spine).vertebrae["L4"].flavum_mm == pytest.approx(
        4.0 * spine.vertebrae["L4"].flavum_mm
    )


def test_a_fault_names_the_kind():
    spine = replace(spine_spec(), pathology=(FlavumHypertrophy("T5-T6", 5.0),))

    with pytest.raises(InputError, match=r"^flavum_hypertrophy: level must be two neighbours"):
        afflicted(spine)
