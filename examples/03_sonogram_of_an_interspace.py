# %% [markdown]
# # Through the interlaminar window with ultrasound
#
# A curved probe on the back of the built-in phantom, paramedian sagittal oblique at L3-L4: laminae
# with their shadows, the window between them, the dura behind it.
# For rehearsal and research. Not for clinical use.
# %%
import needle_sim as ns


def main() -> ns.Sonogram:
    spine = ns.build_phantom("lumbar_normal")
    probe = ns.Probe.preset("curved_3p5mhz")
    pose = ns.pose(spine, "paramedian_sagittal_oblique", level="L3-L4", side="right")
    scene = ns.Echoes.around(spine, pose.apply([0.0, 0.0, 50.0]))  # once; then every pose is quick
    return ns.sonogram(scene, probe, pose)


# %%
if __name__ == "__main__":
    picture = main()
    print(f"{picture.depth_mm:.0f} mm deep, {picture.pixel_mm:.2f} mm a pixel")
    picture.plot().figure.savefig("interspace.png")
