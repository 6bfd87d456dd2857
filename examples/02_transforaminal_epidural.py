# %% [markdown]
# # A transforaminal epidural injection, step by step
#
# The left L5-S1 foramen of the built-in phantom: fluoroscopy at the depths that the recipe asks
# for, aspiration, live contrast, the drug, and a score with its reasons.
# For rehearsal and research. Not for clinical use.
# %%
import needle_sim as ns


def main() -> ns.Run:
    return ns.run_procedure("transforaminal-epidural", level="L5-S1", side="left", seed=3)


# %%
if __name__ == "__main__":
    run = main()
    print(run.in_words)
    for event in run.record.events:
        print(f"{event.t_s:4.0f} s  {event.said}")
    print(f"{run.score.outcome}, score {run.score.total:.0f} of 100")
    run.plot().savefig("transforaminal_epidural.png")
