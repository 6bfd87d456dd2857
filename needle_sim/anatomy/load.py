"""`load_anatomy`: files of a CT and its labels as an `Anatomy`, in one step."""

from __future__ import annotations

import os
from collections.abc import Sequence

from numpy.typing import ArrayLike

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.anatomy.fit import anatomy_from_ct
from needle_sim.progress import Progress, silent
from needle_sim.volume.dicom import load_series
from needle_sim.volume.labels import load_labels, renumbered
from needle_sim.volume.nifti import load_nifti_ct
from needle_sim.volume.volume import Volume

PathLike = str | os.PathLike[str]


def load_anatomy(
    ct: Volume | PathLike,
    labels: Volume | PathLike | None = None,
    *,
    scheme: str | None = None,
    vertebrae: Sequence[str] | None = None,
    near_mm: ArrayLike | None = None,
    name: str = "ct",
    progress: Progress = silent,
) -> Anatomy:
    """A labelled CT as an `Anatomy`: targets, nerves and hazards fitted to its vertebrae.

    Parameters
    ----------
    ct : Volume or path
        In HU; a folder, zip or file of a DICOM series, or a NIfTI file.
    labels : Volume or path, optional
        A label map of this CT, as `load_labels` reads it: NIfTI in the numbers of TotalSegmentator
        or VerSe, ``.seg.nrrd`` or DICOM SEG. Without it bone is known by HU alone.
    scheme : str, optional
        Whose numbers the labels are, ``"totalsegmentator"`` or ``"verse"``; recognised if not said.
    vertebrae, near_mm, name, progress
        As for `anatomy_from_ct`.

    Returns
    -------
    Anatomy
        ``notes`` say what the level numbers are counted from, what was repaired and what is
        doubtful; ``fit_rms_mm`` holds the surface RMS of each fitted vertebra.

    Raises
    ------
    InputError
        The labels are of no known scheme, empty, swapped left to right, out of order, or of
        another scan; a vertebra that was asked for is missing, cut or fits badly.
    DicomError
        The CT or the SEG cannot be read.
    """
    if not isinstance(ct, Volume):
        nifti = str(ct).endswith((".nii", ".nii.gz"))
        ct = load_nifti_ct(ct) if nifti else load_series(ct)
    if labels is not None and not isinstance(labels, Volume):
        labels = load_labels(labels, grid=ct, scheme=scheme)
    elif labels is not None and labels.quantity == "label":
        labels = renumbered(labels, scheme)
    return anatomy_from_ct(
        ct, labels, vertebrae=vertebrae, near_mm=near_mm, name=name, progress=progress
    )
