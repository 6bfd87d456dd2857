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
# # A study
#
# One question asked many times: how much of a medial branch does a lesion cover, for different angles of
# the electrode and errors of the hand? Each sample has a seed of its own, so the table does not depend on
# threads, workers or interruptions. *For rehearsal and research. Not for clinical use.*

# %%
import needle_sim as ns

parameters = {"angle_deg": [0, 15, 30, 45, 60, 75, 90], "error_mm": [0.0, 1.0, 2.0]}
result = ns.run_study("coverage", parameters, seeds=40, seed=1)
result

# %% [markdown]
# A tidy table: one row a sample, parameters and figures in columns with their units.

# %%
table = result.to_pandas()
table.head()

# %%
result.summary(by=("angle_deg", "error_mm"), of="covered_mm")

# %%
result.plot(x="angle_deg", y="covered_mm", by="error_mm")

# %% [markdown]
# The same with ten thousand hands on one plan: no picture, no heat, clearances and the window alone. With
# `out="FOLDER"` it can be killed and goes on where it was; with `executor=` it runs on a Dask cluster.

# %%
hands = ns.run_study(
    "executions",
    {"hand": ["freehand_spine", "laser_spine"]},
    seeds=1000,
    seed=2,
    settings={"procedure": "facet-injection", "level": "L4-L5", "side": "right"},
)
hands.summary(by="hand", of="met")
