"""Writes DICOM segmentations of small CT series with highdicom, for the tests of this room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentDescription
from numpy.typing import NDArray
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from tests.volume.ct_files import CtFiles

STRUCTURE = codes.SCT.AnatomicalStructure
L3, L4, L5 = codes.SCT.L3Vertebra, codes.SCT.L4Vertebra, codes.SCT.L5Vertebra


def ct_files(**settings: Any) -> CtFiles:
    """Six slices of 9 x 7: an odd number of bits a frame."""
    hu = np.zeros((6, 9, 7))
    return CtFiles(hu, **settings).with_tags(
        PatientID="1", PatientName="A^B", PatientBirthDate="", PatientSex="", StudyID="1",
        StudyDate="", StudyTime="", AccessionNumber="", ReferringPhysicianName="",
    )  # fmt: skip


def labelled() -> NDArray[np.uint8]:
    """Three blocks, from the head: 3, 1, 2; slices run to the head, so 3 is in the last ones."""
    array = np.zeros((6, 9, 7), dtype=np.uint8)
    array[4:6, 2:5, 1:6], array[2:4, 3:8, 2:4], array[0, 1:4, 3:7] = 3, 1, 2
    return array


def described(number: int, label: str, code: Code, side: Code | None = None) -> SegmentDescription:
    """What a segment is."""
    made = SegmentDescription(
        segment_number=number,
        segment_label=label,
        segmented_property_category=STRUCTURE,
        segmented_property_type=code,
        algorithm_type=SegmentAlgorithmTypeValues.MANUAL,
    )
    if side is not None:
        item = made.SegmentedPropertyTypeCodeSequence[0]
        coded = hd.sr.CodedConcept.from_code(side)
        item.SegmentedPropertyTypeModifierCodeSequence = [coded]
    return made


def slices_of(source: CtFiles | Path) -> list[pydicom.Dataset]:
    """The slices of a series, towards the head; of one that is written, or in a folder."""
    if isinstance(source, CtFiles):
        return [source.dataset(index) for index in range(len(source.hu))]
    read = [pydicom.dcmread(path) for path in source.iterdir()]
    return sorted(read, key=lambda one: float(one.ImagePositionPatient[2]))


def write_seg(
    path: Path,
    files: CtFiles | list[pydicom.Dataset],
    array: NDArray[Any],
    descriptions: list[SegmentDescription],
    kind: str = "BINARY",
    **settings: Any,
) -> Path:
    """Write the segmentation of a series; ``settings`` go to highdicom."""
    images = files if isinstance(files, list) else slices_of(files)
    made = Segmentation(
        source_images=images,
        pixel_array=array,
        segmentation_type=kind,
        segment_descriptions=descriptions,
        series_instance_uid="1.2.3.5",
        series_number=2,
        sop_instance_uid="1.2.3.6",
        instance_number=1,
        manufacturer="needle_sim tests",
        manufacturer_model_name="none",
        software_versions="0",
        device_serial_number="0",
        **settings,
    )
    made.save_as(path)
    return path
