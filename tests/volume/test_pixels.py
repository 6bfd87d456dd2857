"""Stored bits become HU: sign, unused bits, padding, rescale and compression."""

from __future__ import annotations

from dataclasses import replace

import gdcm
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import (
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from needle_sim.errors import DicomError
from needle_sim.volume.dicom import load_series
from needle_sim.volume.volume import AIR_HU
from tests.volume.ct_files import CtFiles, ramp, rewrite

FILES = CtFiles(ramp())


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        RLELossless,
        JPEG2000Lossless,
        JPEGLSLossless,
    ],
)
@pytest.mark.parametrize("signed", [False, True])
def test_every_transfer_syntax_holds_the_same_hu(tmp_path, syntax, signed):
    intercept = 0.0 if signed else -1024.0
    files = CtFiles(ramp((3, 40, 36)), syntax=syntax, signed=signed, intercept=intercept)
    files.write(tmp_path)
    volume = load_series(tmp_path)
    assert np.array_equal(volume.array, files.hu)
    assert volume.array.dtype == np.int16


def test_lossless_jpeg_holds_the_same_hu(tmp_path):
    for path in FILES.write(tmp_path):
        reader, change, writer = (
            gdcm.ImageReader(),
            gdcm.ImageChangeTransferSyntax(),
            gdcm.ImageWriter(),
        )
        reader.SetFileName(str(path))
        assert reader.Read()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer.SetFileName(str(path))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        assert pydicom.dcmread(path).file_meta.TransferSyntaxUID.is_compressed
    assert np.array_equal(load_series(tmp_path).array, FILES.hu)


def test_every_slice_has_its_own_rescale(tmp_path):
    for index, path in enumerate(FILES.write(tmp_path)):
        slope, intercept = 1 + index, -1024 - 100 * index
        stored = np.arange(140, dtype=np.uint16) + 700
        rewrite(path, RescaleSlope=slope, RescaleIntercept=intercept, PixelData=stored.tobytes())
    array = load_series(tmp_path).array
    for index in range(6):
        hu = (np.arange(140) + 700) * (1 + index) - 1024 - 100 * index
        assert np.array_equal(array[index].ravel(), hu)


def test_a_slope_that_is_not_whole_gives_float32(tmp_path):
    files = replace(FILES, slope=0.5, intercept=-1024.25, hu=ramp() + 0.25)
    files.write(tmp_path)
    array = load_series(tmp_path).array
    assert array.dtype == np.float32
    assert np.array_equal(array, files.hu.astype(np.float32))


def test_hu_beyond_int16_give_float32_and_keep_their_value(tmp_path):
    hu = ramp().astype(np.int32)
    hu[3, 4, 5] = 40000
    replace(FILES, hu=hu).write(tmp_path)
    array = load_series(tmp_path).array
    assert array.dtype == np.float32
    assert np.array_equal(array, hu)


@settings(max_examples=20)
@given(bits=st.integers(10, 15), signed=st.booleans(), dirt=st.integers(0, 2**32 - 1))
def test_bits_beside_the_stored_ones_do_not_matter(tmp_path_factory, bits, signed, dirt):
    rng = np.random.default_rng(dirt)
    low = -(2 ** (bits - 1)) if signed else 0
    stored = rng.integers(low, low + 2**bits, (2, 5, 7))
    hu = stored - (1024 if not signed else 0)
    words = (stored & (2**bits - 1)) | (rng.integers(0, 2**16, stored.shape) >> bits << bits)
    folder = tmp_path_factory.mktemp("bits")
    files = CtFiles(np.zeros((2, 5, 7)), signed=signed, bits=bits, intercept=0.0)
    for path, picture in zip(files.write(folder), words.astype(np.uint16), strict=True):
        rewrite(path, PixelData=picture.tobytes(), RescaleIntercept=0 if signed else -1024)
    assert np.array_equal(load_series(folder).array, np.maximum(hu, AIR_HU))


def test_padding_written_as_unsigned_in_signed_pixels_becomes_air(tmp_path):
    hu = ramp()
    hu[:, 0] = -1000  # written as -2000 stored below
    signed = replace(FILES, hu=hu, signed=True, intercept=0.0)
    for index, path in enumerate(signed.write(tmp_path)):
        stored = hu[index].copy()
        stored[0] = -2000
        dataset = pydicom.dcmread(path)
        dataset.PixelData = stored.tobytes()
        dataset.add_new("PixelPaddingValue", "US", 63536)
        dataset.save_as(path)
    volume = load_series(tmp_path)
    assert (volume.array[:, 0] == AIR_HU).all()
    assert np.array_equal(volume.array[:, 1:], hu[:, 1:])
    assert len(volume.notes) == 1
    assert "84 padded voxels became air" in volume.warnings[0]
    assert "63536" in volume.warnings[0]


def test_a_range_of_padding_becomes_air(tmp_path):
    files = replace(FILES, hu=np.maximum(ramp(), -900)).with_tags(
        PixelPaddingValue=60000, PixelPaddingRangeLimit=60010
    )
    for path in files.write(tmp_path):
        stored = pydicom.dcmread(path).pixel_array.copy()
        stored[-1] = 60000 + np.arange(14) % 12  # the last of each dozen is beyond the limit
        stored[-1, 11] = 60005
        rewrite(path, PixelData=stored.tobytes())
    volume = load_series(tmp_path)
    assert (volume.array[:, -1] == AIR_HU).all()
    assert np.array_equal(volume.array[:, :-1], files.hu[:, :-1])


def test_a_padding_value_among_tissue_is_left_and_noted(tmp_path):
    files = FILES.with_tags(PixelPaddingValue=1024)  # 0 HU
    files.write(tmp_path)
    volume = load_series(tmp_path)
    assert np.array_equal(volume.array, files.hu)
    assert "0 HU, as tissue does; left as it is" in volume.warnings[0]


def test_hu_below_air_become_air_and_are_counted(tmp_path):
    hu = ramp()
    hu[2, :3] = -2048
    replace(FILES, hu=hu, signed=True, intercept=0.0).write(tmp_path)
    volume = load_series(tmp_path)
    assert np.array_equal(volume.array, np.maximum(hu, AIR_HU))
    assert "42 voxels lighter than air, down to -2048 HU" in volume.warnings[0]


def test_monochrome1_does_not_change_hu(tmp_path):
    FILES.with_tags(PhotometricInterpretation="MONOCHROME1").write(tmp_path)
    volume = load_series(tmp_path)
    assert np.array_equal(volume.array, FILES.hu)
    assert "(0028,0004) PhotometricInterpretation, MONOCHROME1" in volume.warnings[0]


def test_pixels_that_cannot_be_decoded_are_refused(tmp_path):
    path = replace(FILES, syntax=RLELossless).write(tmp_path)[4]
    dataset = pydicom.dcmread(path)
    dataset.PixelData = dataset.PixelData[:60] + bytes(len(dataset.PixelData) - 60)
    dataset.save_as(path)
    with pytest.raises(DicomError, match=r"IM004: \(7FE0,0010\) PixelData cannot be decoded"):
        load_series(tmp_path)
