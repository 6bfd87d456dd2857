"""Technique, dose and collimator in the file are those of the picture."""

from dataclasses import replace

import pydicom
import pytest

from needle_sim.exports.dicom_xa import save_xa
from needle_sim.imaging.xray.collimation import Collimation
from tests.exports.xa_pictures import CARM, shot


def read(path):
    with pydicom.dcmread(path) as data:
        data.decode()
        return data


def test_technique_dose_and_distances_are_there(tmp_path):
    one = shot()
    data = read(save_xa(one, tmp_path / "xa.dcm"))
    assert data.SOPClassUID == "1.2.840.10008.5.1.4.1.1.12.1"
    assert (data.KVP, data.ExposureTime, data.XRayTubeCurrent) == (80, 16, 31)
    assert data.ExposureInuAs == 500
    # 1 Gy cm2 = 100 µGy m2 = 10 dGy cm2
    assert float(data.ImageAndFluoroscopyAreaDoseProduct) == pytest.approx(0.1 * one.kap_ugy_m2)
    assert float(data.EntranceDoseInmGy) == pytest.approx(one.kerma_mgy)
    assert (data.DistanceSourceToPatient, data.DistanceSourceToDetector) == (600, 1000)
    assert float(data.EstimatedRadiographicMagnificationFactor) == pytest.approx(1000 / 600)
    assert list(data.ImagerPixelSpacing) == [2, 2]
    assert data.FilterMaterial == "COPPER"  # the aluminium is the tube's own
    assert data.FilterThicknessMinimum == data.FilterThicknessMaximum == 0.2
    assert "PixelSpacing" not in data  # nothing in the patient was calibrated


@pytest.mark.parametrize(
    ("field", "shape"),
    [(None, "RECTANGULAR"), (Collimation(90.0, 60.0), "RECTANGULAR"),
     (Collimation(iris_mm=80.0), "CIRCULAR"),
     (Collimation(80.0, 60.0, turn_deg=20.0), "POLYGONAL")],
)  # fmt: skip
def test_the_collimator_is_where_the_blades_are(tmp_path, field, shape):
    carm = replace(CARM, orbital_deg=0.0)
    data = read(save_xa(shot(carm, collimation=field), tmp_path / "xa.dcm"))
    assert data.CollimatorShape == shape
    scale = carm.magnification / carm.pixel_mm
    if field is None:
        assert (data.CollimatorLeftVerticalEdge, data.CollimatorRightVerticalEdge) == (1, 130)
    elif shape == "RECTANGULAR":
        wide = data.CollimatorRightVerticalEdge - data.CollimatorLeftVerticalEdge
        high = data.CollimatorLowerHorizontalEdge - data.CollimatorUpperHorizontalEdge
        assert (wide, high) == pytest.approx((90 * scale, 60 * scale), abs=1)
    elif shape == "CIRCULAR":
        assert pytest.approx(40 * scale, abs=1) == data.RadiusOfCircularCollimator
