"""A series becomes the volume that the standard says, or an error that says why not."""

from __future__ import annotations

import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from needle_sim.errors import DicomError, NeedleSimError
from needle_sim.volume.dicom import describe, load_series
from needle_sim.volume.volume import AIR_HU, Volume
from tests.volume.ct_files import AXIAL, CtFiles, ramp

UNSORTED = [3, 0, 5, 1, 4, 2]


def by_simple_itk(folder: Path) -> SimpleITK.Image:
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def assert_same_as_peer(volume: Volume, peer: SimpleITK.Image, places_mm: float) -> None:
    """HU of all voxels (air from below), and the place in the patient of some."""
    assert np.array_equal(volume.array, np.maximum(SimpleITK.GetArrayFromImage(peer), AIR_HU))
    size = np.array(volume.shape) - 1
    for share in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)):
        index = size * np.array(share)
        there = peer.TransformIndexToPhysicalPoint([int(n) for n in index[::-1]])
        assert volume.patient_from_voxel.apply(index) == pytest.approx(there, abs=places_mm)


def test_a_shuffled_folder_is_the_volume_that_was_written(tmp_path):
    files = CtFiles(ramp())
    files.write(tmp_path, order=UNSORTED)
    volume = load_series(tmp_path)
    assert volume.array.dtype == np.int16
    assert np.array_equal(volume.array, files.hu)
    assert np.allclose(volume.patient_from_voxel.matrix, files.patient_from_voxel, atol=1e-9)
    assert volume.patient_from_voxel.target.frame_of_reference_uid == "1.2.9"
    assert volume.notes == ()
    assert_same_as_peer(volume, by_simple_itk(tmp_path), 1e-6)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ((-1, 0, 0), (0, -1, 0)),  # prone, head first
        ((-1, 0, 0), (0, 1, 0)),  # feet first, slices towards the feet
        ((1, 0, 0), (0, 0, -1)),  # coronal
        ((0, 1, 0), (0, 0, -1)),  # sagittal
    ],
)
def test_any_position_of_the_patient_agrees_with_simple_itk(tmp_path, row, column):
    files = CtFiles(ramp(), axes=np.array([row, column], dtype=float))
    files.write(tmp_path, order=UNSORTED)
    volume = load_series(tmp_path)
    normal = np.cross(row, column)
    assert volume.patient_from_voxel.turn([1, 0, 0]) @ normal == pytest.approx(2.5)
    assert_same_as_peer(volume, by_simple_itk(tmp_path), 1e-6)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32 - 1),
    spacing=st.tuples(*[st.floats(0.3, 6.0)] * 3),
    order=st.permutations(range(4)),
    at=st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 5)),
)
def test_a_marked_voxel_is_found_where_it_lies(tmp_path_factory, seed, spacing, order, at):
    rng = np.random.default_rng(seed)
    axes = Rotation.random(random_state=rng).as_matrix()[:2]
    origin = tuple(rng.uniform(-500, 500, 3))
    hu = np.full((4, 5, 6), -1000, np.int16)
    hu[at] = 2000
    files = CtFiles(hu, spacing, axes, origin)
    folder = tmp_path_factory.mktemp("marked")
    files.write(folder, order=list(order))

    volume = load_series(folder)

    row, column = axes
    normal = np.cross(row, column)
    expected = np.array(origin) + at[0] * spacing[0] * normal
    expected += at[1] * spacing[1] * column + at[2] * spacing[2] * row
    found = np.argwhere(volume.array == 2000)[0]
    assert np.allclose(volume.patient_from_voxel.apply(found), expected, atol=1e-4)


@pytest.mark.real
def test_lidc_agrees_with_simple_itk(lidc):
    volume = load_series(lidc / "dicom")
    assert volume.shape == (133, 512, 512)
    assert volume.spacing_mm == pytest.approx([2.5, 0.703125, 0.703125])
    assert_same_as_peer(volume, by_simple_itk(lidc / "dicom"), 1e-4)
    assert any("lighter than air, down to -2048 HU" in text for text in volume.warnings)


@pytest.mark.real
def test_the_lumbar_ct_agrees_with_simple_itk(lumbar):
    volume = load_series(lumbar / "dicom")
    assert volume.shape == (112, 101, 122)
    assert volume.notes == ()
    assert_same_as_peer(volume, by_simple_itk(lumbar / "dicom"), 1e-4)


def test_folder_nested_folder_list_and_zip_give_the_same(tmp_path):
    files = CtFiles(ramp())
    paths = files.write(tmp_path / "a" / "one", order=UNSORTED)
    with zipfile.ZipFile(tmp_path / "ct.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, f"study/series/{path.name}.dcm")
    first = load_series(tmp_path / "a")
    for other in (paths[::-1], [str(path) for path in paths], tmp_path / "ct.zip"):
        again = load_series(other)
        assert np.array_equal(again.array, first.array)
        assert np.array_equal(again.patient_from_voxel.matrix, first.patient_from_voxel.matrix)


def test_other_files_are_left_out_with_a_note(tmp_path):
    CtFiles(ramp()).write(tmp_path)
    (tmp_path / "read me.txt").write_text("not a picture")
    (tmp_path / "empty").write_bytes(b"")
    scout = CtFiles(ramp()[:1], uid="1.2.3.5").with_tags(ImageType=["ORIGINAL", "LOCALIZER"])
    scout.write(tmp_path / "scout")
    CtFiles(ramp()[:2], uid="1.2.3.6").with_tags(Modality="SR").write(tmp_path / "report")

    volume = load_series(tmp_path)

    assert np.array_equal(volume.array, ramp())
    told = {note.file: note.text for note in volume.notes}
    assert set(told) == {"scout/IM000", "report/IM000", "empty"}
    assert "2 files left out: SR" in told["report/IM000"]
    assert "2 files left out: not DICOM" in told["empty"]


def test_progress_ends_at_the_number_of_slices(tmp_path):
    CtFiles(ramp()).write(tmp_path)
    seen: list[tuple[int, int]] = []
    load_series(tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(n, 6) for n in range(1, 7)]


def test_two_threads_may_load_at_once(tmp_path):
    CtFiles(ramp((6, 40, 30))).write(tmp_path)
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(load_series, [tmp_path, tmp_path])
    assert one.array.tobytes() == two.array.tobytes()


def test_a_series_is_chosen_by_uid_or_its_end(tmp_path):
    CtFiles(ramp(), uid="1.2.3.41").with_tags(SeriesDescription="soft").write(tmp_path / "a")
    CtFiles(ramp()[:4], uid="1.2.3.52").write(tmp_path / "b")
    with pytest.raises(DicomError, match=r"holds 2 CT series.*1\.2\.3\.41 'soft' \(6 files\)"):
        load_series(tmp_path)
    assert load_series(tmp_path, series="1.2.3.52").shape[0] == 4
    assert load_series(tmp_path, series="41").shape[0] == 6
    with pytest.raises(NeedleSimError, match=r"called '99'. Known: 1\.2\.3\.41"):
        load_series(tmp_path, series="99")


def test_describe_tells_what_is_there_and_whether_it_loads(tmp_path):
    CtFiles(ramp()).with_tags(SeriesDescription="spine").write(tmp_path / "ct")
    leaning = CtFiles(ramp(), uid="1.2.3.8", lean_mm=(0, 0.5, 0))
    leaning.write(tmp_path / "tilted")
    CtFiles(ramp()[:3], uid="1.2.3.9").with_tags(Modality="MR").write(tmp_path / "mr")

    good, tilted, mr = describe(tmp_path)

    row = good.to_row()
    assert (good.loadable, row["description"], row["slices"]) == (True, "spine", 6)
    assert (row["slice_step_mm"], row["row_step_mm"], row["column_step_mm"]) == (2.5, 0.8, 0.6)
    assert (row["hu_low"], row["hu_high"]) == (ramp().min(), ramp().max())
    assert good.orientation == "axial"
    assert not tilted.loadable
    assert "leans" in str(tilted.refusal)
    assert (mr.modality, mr.loadable, mr.files) == ("MR", False, 3)


def test_describe_names_the_parts_of_a_mixed_series(tmp_path):
    CtFiles(ramp()).write(tmp_path / "a")
    CtFiles(ramp()[:4], axes=AXIAL[::-1]).write(tmp_path / "b")
    one, two = describe(tmp_path)
    assert (one.key, two.key) == ("1.2.3.4#1", "1.2.3.4#2")
    assert load_series(tmp_path, series=two.key).shape[0] == two.slices == 4


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), cut=st.booleans())
def test_a_damaged_file_is_one_of_our_errors_or_a_volume(tmp_path_factory, seed, cut):
    folder = tmp_path_factory.mktemp("damaged")
    victim = CtFiles(ramp((3, 4, 5))).write(folder)[1]
    rng = np.random.default_rng(seed)
    data = bytearray(victim.read_bytes())
    for at in rng.integers(128, len(data), 4):
        data[at] = rng.integers(256)
    victim.write_bytes(data[: rng.integers(len(data))] if cut else data)
    said = []
    try:
        said += load_series(folder).warnings
    except NeedleSimError as error:  # any other kind fails the test
        said.append(str(error))
    assert all(text.isprintable() for text in said)
