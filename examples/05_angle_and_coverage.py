# %% [markdown]
# # How an electrode lies, and how much nerve it covers
#
# The length of a medial branch inside an RF lesion, against the angle between electrode and nerve
# and how far the tip lies off. The electrode is heated once, in muscle alone, and its lesion laid
# at each angle: bone beside the nerve is left out, so this compares placements, it forecasts none.
# For rehearsal and research. Not for clinical use.
# %%
import needle_sim as ns


def main() -> ns.StudyResult:
    return ns.run_study(
        "coverage",
        {"angle_deg": [0, 10, 20, 30, 45, 60, 75, 90], "error_mm": [0.0, 1.0, 2.0, 3.0]},
        seeds=200,
        settings={"level": "L4", "side": "right", "needle": "rf_18g_10mm"},
        # out="angles" keeps finished parts, so that the study goes on after an interruption
    )


# %%
if __name__ == "__main__":
    study = main()
    print(study.summary(of="covered_mm").to_string(index=False))
    ax = study.plot(y="covered_mm", title="L4 medial branch inside the lesion, by electrode angle")
    ax.figure.savefig("study_angle.png")
