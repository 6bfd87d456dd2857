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
# # A lesion on a medial branch
#
# Radiofrequency heats tissue around the bare tip of a cannula. How much of the nerve lies inside the
# lesion, and how warm does the root get? *For rehearsal and research. Not for clinical use.*

# %%
import needle_sim as ns

spine = ns.build_phantom("lumbar_normal")
target = spine.target("L4 right medial branch")
plan = ns.plan(spine, target, ns.Needle.preset("rf_18g_10mm"))
plan

# %% [markdown]
# The generator's protocol: 80 °C at the sensor, held for 90 s after a ramp of 15 s. Every number of a
# preset carries its source.

# %%
history = ns.heat(spine, [plan.placed], ns.Protocol.preset("continuous_80c_90s"))
history.plot()

# %% [markdown]
# Where does tissue die? Models differ; *conservative* is the smallest of them, *50c* the widest.

# %%
lesion = ns.measure(history, nerve_mm=target.nerve_mm)
lesion

# %%
for name, extent in lesion.extents.items():
    print(
        f"{name:18} {extent.volume_mm3:6.0f} mm3, {extent.width_mm:4.1f} x {extent.length_mm:4.1f} mm, "
        f"{100 * extent.nerve_share:3.0f} % of the nerve"
    )

# %% [markdown]
# And the root? 45 °C is the limit that is kept.

# %%
from needle_sim.rehearsal.attempt import within_reach

root = spine.structures["L4 right root"]
points = within_reach(root, plan.tip_mm)
print(f"hottest point of the {root.name}: {history.temperature_max_c(points):.1f} °C")
