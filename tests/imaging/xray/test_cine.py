from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm, project_points
from needle_sim.imaging.xray.cine import Cine, last_image, take_cine
from needle_sim.imaging.xray.collimation import Collimation
from needle_sim.imaging.xray.exposure import expose
from needle_sim.imaging.xray.modes import Modes, RunMode, pulse_of
from needle_sim.imaging.xray.persistence import Lag
from needle_sim.imaging.xray.projector import PathLengths
from needle_sim.injectate.spread import spread
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.tool_placed import place
from needle_sim.instruments.trajectory import Trajectory
from tests.injectate import cases

BEAM = Beam.preset("lumbar_ap")
CARM = CArm((0.0, 0.0, 0.0), shape=(96, 96), pixel_mm=1.0)
LIVE = replace(RunMode.preset("fluoroscopy"), motion=0.0)
SPOT = RunMode.preset("spot")
NEEDLE = Needle(gauge=20, outer_mm=0.908, inner_mm=0.603, length_mm=90.0)


def trunk(carm=CARM):
    return PathLengths(carm, {"soft": np.full(carm.shape, 19.0, np.float32)})


def needle_at(x_mm):
    """A needle across the picture from the left at column ``x_mm``, its tip in the middle row."""
    points = np.array([[x_mm, 20.0, 60.0], [x_mm, 0.0, 0.0]])
    return PlacedNeedle(NEEDLE, Trajectory(points), 0.0)


def test_a_run_pulses_and_pays_for_each_pulse():
    run = take_cine(trunk(), BEAM, LIVE, duration_s=1.0)
    assert len(run.frames) == 15
    assert np.diff(run.times_s) == pytest.approx(1 / 15)
    one = expose(trunk(), pulse_of(BEAM, LIVE))
    assert run.kap_ugy_m2 == pytest.approx(15 * one.kap_ugy_m2)
    assert run.kerma_mgy == pytest.approx(15 * one.kerma_mgy)
    assert run.beam_s == pytest.approx(1.0)
    assert run.frames[0].beam.pulse_ms == 16.0
    assert run.array == pytest.approx(np.stack([one.array] * 15), rel=1e-5)
    assert run.to_row()["run_pictures"] == 15
    assert run.facts()["pictures"] == "15"


def test_tools_stand_in_every_pulse():
    lead = place("scs_lead_8", Trajectory.straight([10.0, 60.0, 8.0], [10.0, -40.0, 8.0]))
    run, plain = (
        take_cine(trunk(), BEAM, LIVE, duration_s=0.2, tools=tools) for tools in ((lead,), ())
    )
    for one, bare in zip(run.frames, plain.frames, strict=True):
        assert (one.array / bare.array).min() < 0.7


def grain(picture):
    """Noise alone: scatter shades a picture from its middle to its edges."""
    return (picture.array - ndimage.gaussian_filter(picture.array, 8.0)).std()


def test_the_filter_takes_noise_away_as_its_law_says():
    plain = replace(LIVE, weight=1.0)
    rough = take_cine(trunk(), BEAM, plain, duration_s=1.0, rng=np.random.default_rng(0))
    smooth = take_cine(trunk(), BEAM, LIVE, duration_s=1.0, rng=np.random.default_rng(0))
    share = grain(smooth.frames[-1]) / grain(rough.frames[-1])
    assert share == pytest.approx(np.sqrt(0.3 / 1.7), rel=0.08)


def test_a_needle_that_moved_leaves_a_ghost_and_is_itself_not_smeared():
    def there(time_s):
        return [needle_at(-12.0 if time_s < 0.5 else 12.0)]

    sharp = take_cine(trunk(), BEAM, replace(LIVE, weight=1.0), duration_s=1.0, needles_at=there)
    held = take_cine(trunk(), BEAM, LIVE, duration_s=1.0, needles_at=there)
    row, old = np.round(project_points(CARM, [-12.0, 4.0, 12.0])).astype(int)
    bare = expose(trunk(), pulse_of(BEAM, LIVE)).array[row, old]
    dark = bare - sharp.frames[0].array[row, old]
    assert dark > 0.1 * bare
    first = next(n for n, time_s in enumerate(held.times_s) if time_s >= 0.5)
    ghosts = [bare - held.frames[n].array[row, old] for n in range(first, 15)]
    n = np.arange(1, len(ghosts) + 1)
    assert ghosts == pytest.approx(dark * 0.7**n, rel=1e-3, abs=1e-3 * float(bare))
    # pictures are taken at an instant: without the filter the needle stands where it is, alone
    assert sharp.frames[first].array[row, old] == pytest.approx(bare, rel=1e-4)


def test_lag_of_the_detector_ghosts_without_any_filter():
    lag = Lag((0.03,), (0.2,))

    def there(time_s):
        return [needle_at(0.0)] if time_s < 0.4 else []

    plain = replace(LIVE, weight=1.0)
    run = take_cine(trunk(), BEAM, plain, duration_s=0.8, needles_at=there, lag=lag)
    row, column = np.round(project_points(CARM, [0.0, 4.0, 12.0])).astype(int)
    at = run.array[:, row, column]
    assert (at[-1] - at[6]) / (at[-1] - at[0]) == pytest.approx(0.03, abs=0.01)


def test_a_run_taken_up_again_is_the_run():
    rng = np.random.default_rng(3)
    lag = Modes.preset("mobile_flat_panel").lag
    whole = take_cine(trunk(), BEAM, LIVE, duration_s=0.8, rng=rng, lag=lag)
    rng = np.random.default_rng(3)
    first = take_cine(trunk(), BEAM, LIVE, duration_s=0.4, rng=rng, lag=lag)
    start = first.times_s[-1] + 1 / 15
    settings = {"rng": rng, "lag": lag, "before": first}
    second = take_cine(trunk(), BEAM, LIVE, duration_s=0.4, start_s=start, **settings)
    assert second.frames[-1].array == pytest.approx(whole.frames[-1].array, rel=1e-6)


def test_contrast_flows_in_and_a_moving_carm_moves_the_picture():
    spine = cases.simple_spine()
    given = spread(spine, cases.EPIDURAL, cases.UP, agent=cases.IOHEXOL, volume_ml=2.0)
    aimed = CArm(tuple(cases.EPIDURAL), shape=(96, 96), pixel_mm=1.0)
    slow = RunMode(1.0, 16.0, 0.25, 1.0)
    run = take_cine(trunk(aimed), BEAM, slow, duration_s=5.0, contrast_at=given.at)
    dark = [float(frame.array.min()) for frame in run.frames]
    assert (np.diff(dark) <= 0).all()
    assert dark[-1] < 0.8 * dark[0]

    def turning(time_s):
        return trunk(replace(CARM, orbital_deg=3.0 * time_s))

    turned = take_cine(turning, BEAM, slow, duration_s=3.0)
    assert [frame.carm.orbital_deg for frame in turned.frames] == [0.0, 3.0, 6.0]
    with pytest.raises(InputError, match="the C-arm moved in the last 2"):
        last_image(turned, average=2)


def test_the_last_image_is_held_at_no_dose():
    run = take_cine(trunk(), BEAM, LIVE, duration_s=1.0, rng=np.random.default_rng(1))
    held = last_image(run)
    assert np.array_equal(held.array, run.frames[-1].array)
    assert held.kap_ugy_m2 == held.kerma_mgy == 0
    assert last_image(run, average=4).array.std() < held.array.std()
    assert run.at(0.5 / 15) is run.frames[0]
    assert run.at(99.0) is run.frames[-1]


def test_a_spot_film_is_quieter_and_dearer():
    spot = take_cine(trunk(), BEAM, SPOT, duration_s=1.0, rng=np.random.default_rng(2))
    live = take_cine(trunk(), BEAM, LIVE, duration_s=0.06, rng=np.random.default_rng(2))
    assert len(spot.frames) == len(live.frames) == 1
    noise = [grain(run.frames[0]) / run.frames[0].array.mean() for run in (spot, live)]
    assert noise[0] / noise[1] == pytest.approx(np.sqrt(0.25 / 3.0), rel=0.1)
    assert spot.kap_ugy_m2 / live.kap_ugy_m2 == pytest.approx(12.0)


def test_a_collimated_run_pays_for_its_field():
    whole = take_cine(trunk(), BEAM, LIVE, duration_s=0.2)
    field = Collimation(30.0, 20.0)
    narrow = take_cine(trunk(), BEAM, LIVE, duration_s=0.2, collimation=field)
    share = 30 * 20 / (96 * 0.6) ** 2
    assert narrow.kap_ugy_m2 / whole.kap_ugy_m2 == pytest.approx(share, rel=1e-5)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"duration_s": 0.0}, "over 0 and at most 3600"),
        ({"duration_s": float("nan")}, "over 0 and at most 3600"),
        ({"duration_s": 1.0, "start_s": float("inf")}, "finite start_s"),
        ({"duration_s": 90.0}, "are 1350 pictures, at most 900"),
    ],
)
def test_impossible_runs_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        take_cine(trunk(), BEAM, LIVE, **settings)


def test_a_run_that_does_not_hold_together_is_refused():
    frame = expose(trunk(), BEAM)
    with pytest.raises(InputError, match="one time for each"):
        Cine((frame,), (), LIVE)
    with pytest.raises(InputError, match="times of a run rise"):
        Cine((frame, frame), (1.0, 1.0), LIVE)
    with pytest.raises(InputError, match=r"begins at 2 s, got 1"):
        Cine((frame,), (2.0,), LIVE).at(1.0)
    with pytest.raises(InputError, match="average must be 1 to the 1"):
        last_image(Cine((frame,), (2.0,), LIVE), average=2)
