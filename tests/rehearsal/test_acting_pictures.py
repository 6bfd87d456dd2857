"""Acts at the C-arm, the table and the probe: what they cost, and what counts as a view."""

from __future__ import annotations

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.planning.sightline import angles_of
from needle_sim.rehearsal.fluoroscope import rules
from tests.rehearsal.driving import begun, inserted

SMALL = {"width_mm": 40.0, "height_mm": 40.0}


def small(**how):
    made = inserted(pictures=True, **how)
    made.do("collimate", **SMALL)
    return made


def to_view(made, name: str) -> None:
    orbital, tilt = angles_of(made.scope.ways[name])
    made.do("carm", orbital_deg=orbital, tilt_deg=tilt)


def test_live_pictures_cost_by_the_second():
    made = small()
    kap, kerma = made.scope.pulse()
    made.do("live", on=True, t_s=10.0)
    made.do("rotate", deg=5.0, t_s=12.0)
    state = made.do("live", on=False, t_s=15.0)
    pulses = 5.0 * rules()["pulses_s"]
    assert state.fluoro_s == pytest.approx(5.0)
    assert state.kap_ugy_m2 == pytest.approx(pulses * kap)
    assert state.kerma_mgy == pytest.approx(pulses * kerma)
    (event,) = [one for one in made.book.events if one.do == "fluoro"]
    assert event.kap_ugy_m2 == pytest.approx(state.kap_ugy_m2)
    assert not event.required
    assert made.picture is not None


def test_dose_in_the_book_is_the_dose_of_the_state_when_contrast_runs_while_live():
    made = small()
    made.do("stylet", inside=False)
    made.do("live", on=True)
    made.do("contrast", agent="iohexol_240", volume_ml=0.2, mode="live", t_s=2.0)
    made.do("live", on=False, t_s=made.t_s + 1.0)
    made.do("shot")
    written = sum(one.kap_ugy_m2 for one in made.book.events)
    assert written == pytest.approx(made.kap_ugy_m2)
    assert made.state.fluoro_s == pytest.approx(3.0)


def test_live_on_or_off_twice_and_a_still_while_live_are_refused():
    made = begun()
    with pytest.raises(InputError, match="off already"):
        made.do("live", on=False)
    made.do("live", on=True)
    with pytest.raises(InputError, match="on already"):
        made.do("live", on=True)
    with pytest.raises(InputError, match="switch it off for a still picture"):
        made.do("shot")


def test_live_in_a_view_is_that_view_once():
    made = inserted()
    to_view(made, "lateral")
    made.do("live", on=True)
    orbital, tilt = angles_of(made.scope.ways["lateral"])
    for turn in range(5):
        made.do("carm", orbital_deg=orbital + turn, tilt_deg=tilt)
    assert [one.detail.get("view") for one in made.book.events].count("lateral") == 1


def test_pictures_beyond_what_the_recipe_asks_for_are_extra():
    made = inserted()
    to_view(made, "lateral")
    quota = made.book.view_quota("lateral")
    for _ in range(quota + 2):
        made.do("shot")
    views = [one.required for one in made.book.events if one.do == "view"]
    assert views == [True] * quota + [False] * 2
    assert made.exposures == quota + 2


def test_two_shots_have_other_noise_and_the_same_dose():
    made = small()
    made.do("shot")
    first = made.picture
    made.do("shot")
    assert made.picture.kap_ugy_m2 == first.kap_ugy_m2
    assert made.picture.array.tobytes() != first.array.tobytes()


def test_the_table_stays_under_the_patient():
    made = begun()
    with pytest.raises(InputError, match="would leave the patient at"):
        made.do("table", x_mm=0.0, y_mm=0.0, z_mm=1999.0)
    x, y, z = made.scope.pose.isocentre_mm
    assert made.do("table", x_mm=x + 5.0, y_mm=y, z_mm=z).pose.isocentre_mm == (x + 5.0, y, z)


def test_a_probe_stands_by_a_turn_and_a_shift():
    made = begun()
    with pytest.raises(InputError, match="no probe is on the skin"):
        made.sonogram()
    with pytest.raises(InputError, match="not scaled or mirrored"):
        made.do("probe", name="curved_3p5mhz", matrix=np.diag([2.0, 2.0, 2.0, 1.0]).tolist())
    with pytest.raises(InputError):
        made.do("probe", name="none of these", matrix=np.eye(4).tolist())
    assert made.state.probe is None


def test_looking_at_live_pictures_changes_nothing():
    made = small()
    made.do("live", on=True)
    before = made.state
    first, second = made.live_picture(coarse=2), made.live_picture(coarse=2)
    assert first.array.tobytes() == second.array.tobytes()
    assert made.state == before


def test_the_tally_is_the_dose_that_is_shown_stretch_by_stretch():
    """Pictures and live looks are one event each; a turn of the C-arm begins another."""
    made = small()
    made.do("shot", t_s=1.0)
    made.do("live", on=True, t_s=2.0)
    made.do("rotate", deg=5.0, t_s=3.0)
    made.do("rotate", deg=5.0, t_s=5.0)
    made.do("carm", orbital_deg=10.0, tilt_deg=0.0, t_s=6.0)
    made.do("live", on=False, t_s=7.0)
    made.do("live", on=True, t_s=8.0)
    made.do("live", on=False, t_s=9.0)
    rate = rules()["pulses_s"]
    kinds = [(one.kind, one.pulses, one.start_s) for one in made.tally.events]
    assert kinds == [
        ("acquisition", 1, 1.0), ("fluoroscopy", 4 * rate, 2.0), ("fluoroscopy", rate, 6.0),
        ("fluoroscopy", rate, 8.0),
    ]  # fmt: skip
    assert made.tally.kap_ugy_m2 == pytest.approx(made.kap_ugy_m2)
    assert made.tally.kerma_mgy == pytest.approx(made.kerma_mgy)
    assert made.tally.fluoroscopy_s == pytest.approx(made.fluoro_s) == pytest.approx(6.0)
    with pytest.raises(InputError):
        made.do("live", on=False)
    assert len(made.tally.events) == 4  # a refused act leaves no dose
