"""Grey values lead back to the detector's signal, and say what they are."""

import numpy as np
import pydicom
import pytest

from needle_sim.exports.dicom_xa import save_xa
from needle_sim.imaging.xray.carm import project_points
from tests.exports.xa_pictures import BALL_MM, CARM, shot


def read(path):
    with pydicom.dcmread(path) as data:
        data.decode()
        return data


@pytest.mark.parametrize("relationship", ["LOG", "LIN"])
def test_grey_leads_back_to_the_signal(tmp_path, relationship):
    one = shot()
    data = read(save_xa(one, tmp_path / "xa.dcm", relationship=relationship, statement=False))
    grey = data.pixel_array.astype(int)
    assert data.PixelIntensityRelationship == relationship
    if relationship == "LOG":
        table = data.ModalityLUTSequence[0]
        assert list(table.LUTDescriptor) == [4096, 0, 16]
        grey = np.frombuffer(table.LUTData, "<u2").astype(int)[grey]
    share = one.array / one.array.max()
    most = {"LOG": 2.3e-3, "LIN": 1e-4}[relationship]  # half a step of 12 bits of four decades
    assert np.abs(grey / 65535 / share - 1).max() < most
    assert (np.diff(np.sort(grey.ravel())) >= 0).all()
    assert data.PhotometricInterpretation == "MONOCHROME2"
    dark = project_points(CARM, BALL_MM).round().astype(int)
    assert grey[tuple(dark)] < np.median(grey)  # bone is dark


def test_it_says_in_the_picture_that_it_is_simulated(tmp_path):
    bare = read(save_xa(shot(), tmp_path / "a.dcm", statement=False)).pixel_array
    said = read(save_xa(shot(), tmp_path / "b.dcm")).pixel_array
    changed = np.argwhere(bare != said)
    assert changed[:, 0].min() > 110  # in the lowest rows alone
    assert (said[changed[:, 0].min() :] == said.max()).sum() > 200
