"""What `describe` tells about a series."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from needle_sim.volume.dicom import describe
from tests.volume.ct_files import CtFiles, ramp

TURN_20 = Rotation.from_euler("x", 20, degrees=True).apply([[1, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize(
    ("axes", "named"),
    [
        ([[1, 0, 0], [0, 1, 0]], "axial"),
        ([[1, 0, 0], [0, 0, -1]], "coronal"),
        ([[0, 1, 0], [0, 0, -1]], "sagittal"),
        (TURN_20, "axial, 20 degrees oblique"),
    ],
)
def test_the_plane_of_the_slices_is_named(tmp_path, axes, named):
    CtFiles(ramp(), axes=np.array(axes, dtype=float)).write(tmp_path)
    (info,) = describe(tmp_path)
    assert info.orientation == named


def test_a_row_holds_plain_values_and_none_for_the_unknown(tmp_path):
    CtFiles(ramp()).with_tags(Modality="MR").write(tmp_path)
    (info,) = describe(tmp_path)
    row = info.to_row()
    assert row["hu_low"] is row["slice_step_mm"] is row["orientation"] is None
    assert (row["modality"], row["rows"], row["columns"]) == ("MR", 10, 14)
    assert all(value is None or type(value) in (str, int, float, bool) for value in row.values())
    assert "hu_low" not in info.facts()
    assert info.facts()["refusal"] == "MR: no CT slices"
