# %% [markdown]
# # One plan, ten thousand hands
#
# The same facet injection carried out 10 000 times with the published errors of a free hand: how
# often does the tip lie in the joint, and how often is something breached on the way?
# For rehearsal and research. Not for clinical use.
# %%
import numpy as np

import needle_sim as ns


def main() -> ns.Executions:
    spine = ns.build_phantom("lumbar_normal")
    target = spine.target("L4-L5 right facet joint")
    plan = ns.plan(spine, target, ns.Needle.preset("quincke_22g_90mm"))
    hand = ns.HandErrors.preset("freehand_spine")
    return ns.executions(spine, plan, target, errors=hand, n=10_000, rng=np.random.default_rng(0))


# %%
if __name__ == "__main__":
    made = main()
    for name, value in made.summary().items():
        print(f"{name:28} {value:.3g}")
