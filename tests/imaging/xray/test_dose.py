from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.detector import Detector
from needle_sim.imaging.xray.dose import kerma_area_ugy_m2, reference_kerma_mgy, set_exposure
from needle_sim.imaging.xray.exposure import expose
from needle_sim.imaging.xray.projector import PathLengths

BEAM = Beam(80.0, 1.0, 16.0, {"aluminium": 3.0, "copper": 0.2})
CARM = CArm((0, 0, 0))


def trunk(soft=20.0, bone=2.0, shape=(64, 64)):
    carm = replace(CARM, shape=shape, pixel_mm=256 / shape[0])
    return PathLengths(
        carm, {"soft": np.full(shape, soft, np.float32), "bone": np.full(shape, bone, np.float32)}
    )


def test_reference_kerma_is_that_at_1_m_by_inverse_square():
    # SpekPy 2.5.4: 23.1 µGy/mAs at 1 m; the reference point is at 450 mm here
    assert reference_kerma_mgy(BEAM, CARM) == pytest.approx(23.1e-3 / 0.45**2, rel=0.02)


def test_kerma_area_product_is_kerma_times_field_anywhere():
    side_m = 0.256 * 0.45  # of the field at the reference point
    at_reference = reference_kerma_mgy(BEAM, CARM) * 1e3 * side_m**2
    assert kerma_area_ugy_m2(BEAM, CARM) == pytest.approx(at_reference)


def test_exposure_control_meets_its_target():
    paths, panel = trunk(), Detector.preset("mobile_flat_panel")
    beam = set_exposure(paths, BEAM)
    picture = expose(paths, beam, detector=replace(panel, scatter=False))
    middle = picture.array[16:48, 16:48].mean() / paths.carm.pixel_mm**2
    assert middle == pytest.approx(panel.target_kev_mm2, rel=0.01)
    assert beam.kvp == BEAM.kvp


def test_raw_beam_in_part_of_the_field_does_not_fool_exposure_control():
    whole = trunk()
    cut = {name: image.copy() for name, image in whole.mass_g_cm2.items()}
    for image in cut.values():
        image[40:] = 0.0
    ours = set_exposure(PathLengths(whole.carm, cut), BEAM)
    assert ours.mas == pytest.approx(set_exposure(whole, BEAM).mas, rel=0.05)


def test_a_thicker_patient_takes_more_and_a_minute_of_fluoroscopy_stays_usual():
    thin, thick = (set_exposure(trunk(soft), BEAM) for soft in (18.0, 24.0))
    assert thick.mas > 2 * thin.mas
    # detector dose of this picture is some pulses held together; per minute at 1 picture a second
    # an adult trunk lies between 1 and 20 mGy/min, under the legal 88 mGy/min
    assert 1 < 60 * reference_kerma_mgy(thin, CARM) < 20


def test_what_cannot_be_exposed_is_refused():
    with pytest.raises(InputError, match="raise kvp"):
        set_exposure(trunk(soft=120.0), BEAM)
    with pytest.raises(InputError, match="reference point"):
        reference_kerma_mgy(BEAM, replace(CARM, source_isocentre_mm=140.0))
