# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Your own CT
#
# A folder of DICOM files and a label map (from TotalSegmentator, or drawn in 3D Slicer) become a patient
# with targets. Set `CT` and `LABELS` to yours; as they stand they are the public chest CT that
# `python3 tools/fetch_lidc.py` fetches. *For rehearsal and research. Not for clinical use.*

# %%
import os
from pathlib import Path

import needle_sim as ns

DATA = Path(os.environ.get("NEEDLE_SIM_DATA", "../.data")) / "lidc_0001"
CT, LABELS = DATA / "dicom", DATA / "labels_totalsegmentator.nii.gz"

ct = ns.load_series(CT)
ct

# %% [markdown]
# Whatever had to be lived with stands in the notes, by file, tag and value.

# %%
ct.warnings

# %% [markdown]
# Vertebrae are fitted to the labels; joints, foramina, nerves and the dural sac are inferred from them.

# %%
labels = ns.load_labels(LABELS, grid=ct)
patient = ns.anatomy_from_ct(ct, labels, vertebrae=("L1", "L2"))
patient

# %%
{name: f"{rms:.1f} mm" for name, rms in patient.fit_rms_mm.items()}

# %% [markdown]
# An interlaminar epidural at L1-L2, from start to score.

# %%
run = ns.run_procedure("interlaminar-epidural", anatomy=patient, level="L1-L2", side="right")
run

# %%
run.score

# %%
depth = next(view for view in run.views if view.name == "clo")
depth.radiograph

# %% [markdown]
# What the score rests on and nobody has read in a source:

# %%
run.unverified[:8]

# %% [markdown]
# Files for 3D Slicer: CT, labels, landmarks, needle and meshes.

# %%
import tempfile

with tempfile.TemporaryDirectory() as folder:
    written = ns.save_slicer(run, Path(folder))
    print([path.name for path in written][:8])
