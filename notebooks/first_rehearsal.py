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
# # A first rehearsal, without clicks
#
# `Rehearsal` is the instrument without its screen: acts in, state and pictures out. Here a script
# plays the operator of a transforaminal injection at L4-L5 on the right. The last cell shows the same
# instrument with its screen. *For rehearsal and research. Not for clinical use.*

# %%
import needle_sim as ns

spine = ns.build_phantom("lumbar_normal")
rehearsal = ns.Rehearsal(spine, "transforaminal-epidural", level="L4-L5", side="right", seed=1)
rehearsal.do("declare", procedure="transforaminal-epidural", level="L4-L5", side="right")

# %% [markdown]
# Where would the toolkit go? (In exam mode nobody tells you.) The C-arm looks down that way; angles
# are those of the C-arm: orbital to the patient's left is positive, tilt to the head.

# %%
plan = rehearsal.attempt.plan().plan
views = rehearsal.scope.angles
views

# %%
orbital, tilt = views["oblique"]
rehearsal.do("carm", orbital_deg=orbital, tilt_deg=tilt)
rehearsal.do("shot")
rehearsal.picture

# %% [markdown]
# Mark the skin, put the needle through it and line it up with the planned way: hub over tip.

# %%
rehearsal.do("mark", point_mm=plan.entry_mm.tolist())
rehearsal.insert()
rehearsal.do("angle", orbital_deg=orbital, tilt_deg=tilt)
rehearsal.do("shot")

# %% [markdown]
# Push on in small steps and feel what the point meets; check the depth on the lateral view before the
# foramen.

# %%
while rehearsal.state.depth_mm < plan.depth_mm - 12.0:
    state = rehearsal.advance(5.0)
    print(f"{state.depth_mm:5.1f} mm  {state.force_n:4.1f} N  {', '.join(state.felt)}")

orbital, tilt = views["lateral"]
rehearsal.do("carm", orbital_deg=orbital, tilt_deg=tilt)
rehearsal.do("shot")
rehearsal.picture

# %%
state = rehearsal.advance(plan.depth_mm - rehearsal.state.depth_mm)
orbital, tilt = views["ap"]
rehearsal.do("carm", orbital_deg=orbital, tilt_deg=tilt)
rehearsal.do("shot")
rehearsal.picture

# %% [markdown]
# Stylet out, draw back, contrast under live fluoroscopy, and only then the drug.

# %%
rehearsal.do("stylet", inside=False)
print(rehearsal.do("aspirate").said)
print(rehearsal.do("contrast", agent="iohexol_240", volume_ml=1.0, mode="live").said)
rehearsal.contrast_run

# %%
rehearsal.do("inject", agent="dexamethasone", volume_ml=2.0)
run = rehearsal.finish()
run.score

# %% [markdown]
# The log replays to the same bytes, on any machine with the same patient.

# %%
text = rehearsal.log.text()
again = ns.Rehearsal.replay(text, spine)
print(len(text), "bytes;", "same score:", again.score == run.score)

# %% [markdown]
# The same instrument with its screen: C-arm by drag and keys, needle by wheel, feel, contrast, heat.

# %%
ns.rehearse("medial-branch-rfa", phantom="lumbar_normal", level="L4", side="right", seed=1)
