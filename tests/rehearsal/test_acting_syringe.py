"""Acts with syringe and generator: what must be open, what is written down, what heats most."""

from __future__ import annotations

import pytest

from needle_sim.errors import InputError
from needle_sim.rehearsal.acting_syringe import hotter
from needle_sim.rehearsal.attempt import Attempt
from needle_sim.thermal.protocol import Protocol
from tests.rehearsal.driving import RFA, begun, inserted

CONTRAST = {"agent": "iohexol_240", "volume_ml": 0.5, "mode": "live"}
DRUG = {"agent": "saline", "volume_ml": 1.0}


@pytest.mark.parametrize(
    ("do", "given", "said"),
    [
        ("aspirate", {}, "before you aspirate"),
        ("contrast", CONTRAST, "before you inject"),
        ("inject", DRUG, "before you inject"),
    ],
)
def test_nothing_goes_through_a_stylet_or_through_no_needle(do, given, said):
    with pytest.raises(InputError, match="mark the skin and insert one first"):
        begun().do(do, **given)
    with pytest.raises(InputError, match=f"the stylet is in: take it out {said}"):
        inserted().do(do, **given)


def test_contrast_counts_as_a_picture_and_says_what_is_seen():
    made = inserted()
    made.do("stylet", inside=False)
    state = made.do("contrast", **CONTRAST)
    (event,) = [one for one in made.book.events if one.do == "contrast"]
    assert state.exposures == 1
    assert state.contrast_ml == 0.5
    assert (event.detail["seen"], event.detail["mode"]) == ("contrast", "live")
    assert event.t_s == made.t_s > 0
    assert len(made.book.shots) == 1


def test_live_pictures_go_on_while_a_drug_goes_in():
    made = inserted()
    made.do("stylet", inside=False)
    made.do("live", on=True)
    made.do("inject", **DRUG)
    state = made.do("live", on=False)
    assert state.fluoro_s == pytest.approx(state.t_s) != 0


def test_what_does_not_heat_says_so():
    with pytest.raises(InputError, match="does not heat"):
        inserted().do("heat")
    made = begun(RFA)
    with pytest.raises(InputError, match="insert one first"):
        made.do("heat")


def test_a_needle_without_an_active_tip_does_not_heat():
    made = inserted(RFA)
    made.withdraw(50.0)
    made.do("needle", name="quincke_22g_90mm")
    made.insert()
    with pytest.raises(InputError, match="quincke_22g_90mm has no active tip: take an RF cannula"):
        made.do("heat")


def test_heat_takes_as_long_as_its_protocol_and_the_hottest_of_two_lesions_counts(monkeypatch):
    hottest = iter([{"dura": 40.0, "L5 right root": 50.0}, {"dura": 41.0}])
    monkeypatch.setattr(Attempt, "heat", lambda self, placed, watch: (None, None, next(hottest)))
    made = inserted(RFA)
    made.do("stylet", inside=False)
    first = made.do("heat").t_s
    assert first == pytest.approx(Protocol.preset(made.recipe.protocol).total_s)
    made.advance(2.0)
    made.do("heat")
    assert made.t_s == pytest.approx(2 * first)
    assert made.heated[2] == {"dura": 41.0, "L5 right root": 50.0}
    assert made.decisive[0].trajectory.depth_mm == pytest.approx(made.hand.depth_mm)


def test_hotter_takes_the_higher_of_each():
    assert hotter({"a": 1.0, "b": 5.0}, {"a": 2.0, "c": 3.0}) == {"a": 2.0, "b": 5.0, "c": 3.0}
