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
# # A first radiograph
#
# A spine that the toolkit builds itself, a C-arm over it, and a needle in the beam. Nothing to
# download. *For rehearsal and research. Not for clinical use.*

# %%
from dataclasses import replace

import numpy as np

import needle_sim as ns

spine = ns.build_phantom("lumbar_normal")
spine

# %% [markdown]
# The patient lies prone: the tube is below, the detector above. `prepare` turns the CT into bone and
# soft tissue once; every picture after that takes a tenth of a second.

# %%
patient = ns.prepare(spine.ct)
target = spine.target("L4 right medial branch")
x, y, z = target.centre_mm
carm = replace(ns.CArm.preset("mobile_flat_panel"), isocentre_mm=(x, y, z))

rng = np.random.default_rng(0)
ap = ns.radiograph(patient, carm, ns.Beam.preset("lumbar_ap"), rng=rng)
ap

# %% [markdown]
# Turn the detector 25 degrees to the patient's right (an ipsilateral oblique of the right side is
# negative here): pedicles, articular processes and laminae make the "Scottie dog".

# %%
oblique = ns.radiograph(
    patient, replace(carm, orbital_deg=-25.0), ns.Beam.preset("lumbar_oblique"), rng=rng
)
oblique

# %% [markdown]
# Plan a needle to the groove where the L4 medial branch crosses L5, and look down it: hub over tip.

# %%
plan = ns.plan(spine, target, ns.Needle.preset("rf_18g_10mm"))
down = ns.look_along(plan.placed, carm)
ns.radiograph(patient, down, ns.Beam.preset("lumbar_oblique"), needles=[plan.placed], rng=rng)

# %% [markdown]
# What the picture knows of itself: where the needle falls on it, and what it cost.

# %%
lateral = ns.radiograph(
    patient,
    replace(carm, orbital_deg=-90.0),
    ns.Beam.preset("lumbar_lateral"),
    needles=[plan.placed],
    rng=rng,
)
print(f"{lateral.kap_ugy_m2:.2f} µGy m2; tip at row, column {lateral.truth['needles'][0][-1]}")
lateral
