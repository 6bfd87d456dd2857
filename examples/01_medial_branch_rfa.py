# %% [markdown]
# # A lumbar medial branch lesion, from anatomy to score
#
# The right L4 medial branch of the built-in phantom: plan an electrode along the nerve, look at it
# under fluoroscopy, heat it at 80 °C for 90 s, and see how much of the nerve the lesion covers.
# For rehearsal and research. Not for clinical use.
# %%
import needle_sim as ns


def main() -> ns.Run:
    run = ns.run_procedure("medial-branch-rfa", level="L4", side="right", seed=0)
    # your own CT: ct = ns.load_series("DIR"); labels = ns.load_labels("FILE", grid=ct)
    # run = ns.run_procedure("medial-branch-rfa", ct=ct, labels=labels, level="L4", side="right")
    return run


# %%
if __name__ == "__main__":
    run = main()
    lesion = run.lesion.extents["conservative"]
    print(run.in_words)
    print(f"{lesion.nerve_mm:.1f} mm of the nerve inside, score {run.score.total:.0f} of 100")
    run.plot().savefig("medial_branch_rfa.png")
