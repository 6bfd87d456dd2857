import numpy as np
import pytest

from needle_sim.anatomy.compartment import compartment
from needle_sim.injectate.column import Column
from needle_sim.injectate.filling import carried, filled
from needle_sim.injectate.front import Front
from needle_sim.injectate.vessel import Vessel
from tests.injectate import cases
from tests.injectate.cases import IOHEXOL, UP


@pytest.mark.parametrize(
    ("tip", "kind", "noun"),
    [
        (cases.EPIDURAL, "epidural", Front),
        (cases.INTRATHECAL, "intrathecal", Column),
        (cases.IN_JOINT, "intra_articular", Front),
        (cases.IN_DISC, "intradiscal", Front),
        (cases.IN_ROOT, "nerve", Front),
        (cases.IN_MUSCLE, "soft_tissue", Front),
    ],
)
def test_each_compartment_has_its_room(spine, tip, kind, noun):
    found = compartment(spine, tip)
    assert found.kind == kind
    fluid, notes = filled(spine, found, tip, UP, 0.3, None)
    assert isinstance(fluid, noun)
    content = fluid.filled_ml(0.3, 0.0) if isinstance(fluid, Column) else fluid.filled_ml(0.3)
    assert content.sum() == pytest.approx(0.3, rel=1e-6)
    assert not any("beyond" in note for note in notes)


@pytest.mark.parametrize(
    ("tip", "volume", "words"),
    [
        (cases.IN_JOINT, 1.6, "1.6 mL is over the 1.2 mL it holds: the capsule leaks backwards"),
        (cases.IN_DISC, 3.0, "3 mL is over the 2 mL it holds: it is pressed into the annulus"),
        (cases.IN_ROOT, 0.3, "high resistance: the tip lies in a nerve"),
    ],
)
def test_what_is_out_of_the_way_is_said(spine, tip, volume, words):
    _, notes = filled(spine, compartment(spine, tip), tip, UP, volume, None)
    assert words in notes


def test_a_vessel_takes_its_share_at_its_share_of_the_rate():
    vein = Vessel("vein", [[0, 0, 0], [0, 0, 300]], 1.0, 0.05, into=0.4)
    run = carried(vein, IOHEXOL, 1.0, 0.8)
    assert run.duration_s == 2.0
    assert run.filled_ml(1.0).sum() == pytest.approx(0.4 * 0.5, rel=1e-3)
    assert np.isclose(run.area_mm2, np.pi)
