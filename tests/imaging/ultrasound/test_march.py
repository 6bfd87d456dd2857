from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from benchmarks.reference.sonogram import numpy_march
from needle_sim.anatomy.tissue import label
from needle_sim.errors import InputError
from needle_sim.imaging.ultrasound import _kernels
from needle_sim.imaging.ultrasound.acoustics import table_for
from needle_sim.imaging.ultrasound.blur import blur_of, detected
from needle_sim.imaging.ultrasound.march import Rays, march, planes, rays_of
from needle_sim.imaging.ultrasound.probe import Probe
from needle_sim.jit import set_threads, threads
from tests.imaging.ultrasound.blocks import block, facing

CURVED, LINEAR = Probe.preset("curved_3p5mhz"), Probe.preset("linear_9mhz")


def marched(echoes, probe, pose, *, lines=128, samples=1024, slices=1, depth=None):
    depth = probe.depth_mm if depth is None else depth
    blur = blur_of(probe, depth, lines, samples)
    rays = rays_of(echoes, probe, pose, depth, lines * blur.stride, blur)
    return march(echoes, rays, blur, slices=slices), rays, blur


def envelope_db(echoes, probe, pose, **settings):
    found, _, blur = marched(echoes, probe, pose, **settings)
    lines = settings.get("lines", 128)
    return detected(found.echo, blur, lines, None).astype(np.float64)


@pytest.mark.parametrize("tissue", ["muscle", "fat", "viscera"])
@pytest.mark.parametrize("probe", [CURVED, LINEAR], ids=["curved", "linear"])
def test_speckle_falls_off_by_two_alpha_f(probe, tissue):
    seen = envelope_db(block(tissue, half_mm=60), probe, facing())
    depth = (np.arange(1024) + 0.5) * probe.depth_mm / 1024
    power = 10 * np.log10((10 ** (seen[16:-16] / 10)).mean(axis=0))

    deep = depth > 12
    slope = -np.polyfit(depth[deep], power[deep], 1)[0]

    assert slope == pytest.approx(table_for(probe).loss_db_mm[label(tissue)], rel=0.05)


@pytest.mark.parametrize(("low", "high"), [(15, 35), (45, 65), (75, 105)])
def test_speckle_is_fully_developed_at_every_depth(low, high):
    """Rayleigh: mean over standard deviation of the envelope is 1.913 (within 0.08)."""
    seen = envelope_db(block("muscle", half_mm=60), CURVED, facing(), lines=256)
    depth = (np.arange(1024) + 0.5) * CURVED.depth_mm / 1024
    band = (depth > low) & (depth < high)
    loss = table_for(CURVED).loss_db_mm[label("muscle")]
    flat = 10 ** ((seen[16:-16, band] + loss * depth[band]) / 20)

    assert flat.mean() / flat.std() == pytest.approx(1.913, abs=0.08)


def test_speckle_of_tissues_differs_as_their_levels():
    level = {
        name: (
            10 ** (envelope_db(block(name, half_mm=60), CURVED, facing())[:, 150:200] / 10)
        ).mean()
        for name in ("muscle", "viscera")
    }
    lost = table_for(CURVED).loss_db_mm
    more = (lost[label("muscle")] - lost[label("viscera")]) * 175 * 110 / 1024

    assert 10 * np.log10(level["viscera"] / level["muscle"]) - more == pytest.approx(-5, abs=0.7)


@pytest.mark.parametrize("other", ["ligament", "viscera", "blood"])
def test_echoes_of_faces_are_in_the_ratio_of_their_reflections(other):
    """Square to the beam, within 1 dB; a vessel's wall counts more than its blood."""

    def peak(behind):
        front = label("muscle")
        faced = block(lambda x, down, z: np.where(down < 20.1, front, label(behind)), half_mm=25)
        seen = 10 ** (envelope_db(faced, LINEAR, facing(), depth=40.0)[8:-8] / 20)
        return np.mean(seen[:, 500:530].max(axis=1))

    table = table_for(LINEAR)

    def reflected(behind):
        one, two = table.impedance_mrayl[[label("muscle"), label(behind)]]
        return max(abs(two - one) / (two + one), table.wall[label(behind)])

    expected = 20 * np.log10(reflected(other) / reflected("fat"))
    if reflected(other) < 0.03:  # under the speckle
        assert peak(other) < peak("fat")
    else:
        assert 20 * np.log10(peak(other) / peak("fat")) == pytest.approx(expected, abs=1.0)


def tilted(depth_mm, angle_deg):
    turn = np.radians(angle_deg)
    return lambda x, down, z: (depth_mm - down) * np.cos(turn) + x * np.sin(turn)


@pytest.mark.parametrize("step_mm", [0.6, 1.0])
@pytest.mark.parametrize("angle_deg", [0.0, 12.0, 35.0])
def test_the_bones_surface_is_found_between_the_voxels(step_mm, angle_deg):
    bony = block("muscle", tilted(40.3, angle_deg), half_mm=40, depth_mm=75, step_mm=step_mm)
    found, _, _ = marched(bony, LINEAR, facing(), depth=70.0, lines=64)

    x = LINEAR.rays(len(found.surface_mm))[0][:, 0]
    exact = 40.3 + x * np.tan(np.radians(angle_deg))
    np.testing.assert_allclose(found.surface_mm, exact, atol=0.05)


def test_the_bones_echo_lies_on_its_surface():
    """No range bias over 0.1 mm, by the first rise of the envelope to its largest value."""
    for probe, depth in ((LINEAR, 30.33), (CURVED, 55.17)):
        bony = block("muscle", tilted(depth, 0.0), half_mm=30, depth_mm=80)
        seen = 10 ** (envelope_db(bony, probe, facing(), lines=65, samples=2048) / 20)
        middle = seen[32]
        step = probe.depth_mm / 2048
        peak = (int(middle[400:].argmax()) + 400.5) * step  # under the probe's own ringing

        assert peak == pytest.approx(depth, abs=0.1)


def test_nothing_anatomical_shows_behind_bone():
    """The picture behind a plate does not know what lies there, and is over 20 dB down."""

    def plate(x, down, z):
        return np.maximum(np.abs(down - 42.0) - 2.0, x)  # 40 to 44 mm, on the side x < 0

    def behind(name):
        return lambda x, down, z: np.where(down < 47, label("muscle"), label(name))

    seen = {
        name: envelope_db(block(behind(name), plate, half_mm=50), CURVED, facing())
        for name in ("muscle", "csf", "ligament")
    }
    x = -25.0  # some way into the shadow, straight down: the line that ends near there
    line = int(np.argmin(np.abs(CURVED.rays(128)[1][:, 0] * 115 - x)))
    deep = slice(int(58 / 110 * 1024), int(90 / 110 * 1024))
    shadow = seen["muscle"][line - 6 : line + 6, deep]
    bright = seen["muscle"][127 - line - 6 : 127 - line + 6, deep]
    power = 10 * np.log10((10 ** (bright / 10)).mean() / (10 ** (shadow / 10)).mean())

    assert power > 20
    size = 10 ** (shadow / 20)
    for other in ("csf", "ligament"):  # one part in a hundred of what the shadow shows
        there = 10 ** (seen[other][line - 6 : line + 6, deep] / 20)
        assert np.abs(there - size).max() < 0.01 * np.sqrt((size**2).mean())


@pytest.mark.parametrize(("depth_mm", "radius_mm"), [(20.0, 1e4), (30.0, 8.0), (25.0, 40.0)])
def test_the_second_echo_of_a_bone_stays_far_under_open_muscle(depth_mm, radius_mm):
    """Flat and curved, 3 mm about twice its depth: 20 dB on average, 6 dB in every single line."""

    def bone(x, down, z):
        return np.hypot(x, down - depth_mm - radius_mm) - radius_mm

    depth = (np.arange(1024) + 0.5) * CURVED.depth_mm / 1024
    band = np.abs(depth - 2 * depth_mm) < 1.5
    twice = envelope_db(block("muscle", bone, half_mm=40), CURVED, facing())[58:70, band]
    beyond = envelope_db(block("muscle", half_mm=40), CURVED, facing())[16:-16, band]
    power = 10 * np.log10((10 ** (beyond / 10)).mean())

    assert power - 10 * np.log10((10 ** (twice / 10)).mean()) > 20
    assert power - twice.max() > 6


@pytest.mark.parametrize("angle_deg", [0.0, 25.0])
def test_bone_stands_far_over_muscle_and_blooms_for_two_to_three_millimetres(angle_deg):
    bony = block("muscle", tilted(40.0, angle_deg), half_mm=30, depth_mm=80)
    seen = envelope_db(bony, CURVED, facing(), lines=128)[60:68]
    profile = 10 * np.log10((10 ** (seen / 10)).mean(axis=0))
    depth = (np.arange(1024) + 0.5) * 110 / 1024
    before = profile[(depth > 30) & (depth < 38)].mean()
    over = depth[(profile > before) & (depth > 39)]

    assert 25 < profile.max() - before < 56
    assert 1.5 < over.max() - 40.0 < 4.0


def test_no_face_is_heard_between_two_muscles():
    """The same picture as of one muscle, whatever the second is called."""
    names = label("multifidus"), label("psoas")
    parted = block(lambda x, down, z: np.where(down > 40 + 0.2 * x, *names), half_mm=30)
    whole = block("muscle", half_mm=30)
    (one, _, _), (two, _, _) = (
        marched(scene, CURVED, facing(), lines=64) for scene in (parted, whole)
    )

    np.testing.assert_array_equal(one.echo, two.echo)
    assert set(np.unique(one.codes & 63)) >= set(names)


@pytest.mark.parametrize("name", ["air", "bowel_gas"])
def test_gas_behind_the_skin_throws_everything_back(name):
    gas = label(name)
    bowel = block(lambda x, down, z: np.where(down > 50, gas, label("muscle")), half_mm=30)
    found, _, _ = marched(bowel, CURVED, facing(), lines=64)

    middle = found.through[len(found.through) // 2]
    deep = int(50 / 110 * 1024)
    assert (middle[deep + 4 :] == 0).all()
    assert (middle[: deep - 4] > 0).all()


def test_a_line_off_the_skin_weakens_and_then_hears_nothing():
    """Pressed on by its left half: the far lines have no contact."""
    slope = block(lambda x, down, z: np.where(down > -0.35 * x, label("muscle"), 0), half_mm=50)
    found, _, _ = marched(slope, CURVED, facing(), lines=128)

    sent = found.through[:, 30]
    assert sent[40:90].min() > 0.5
    assert sent[-1] == 0


@pytest.mark.parametrize("slices", [3, 5])
def test_more_slices_keep_the_speckles_power(slices):
    one, more = (
        (10 ** (envelope_db(block(half_mm=60), CURVED, facing(), slices=n)[:, 200:800] / 10)).mean()
        for n in (1, slices)
    )

    assert 10 * np.log10(more / one) == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("angle_deg", [0.0, 25.0, 45.0])
def test_bone_tilted_across_the_slice_is_as_thick_as_with_many_planes(angle_deg):
    """One plane spreads its echo as fifteen do: peak within 2 dB, width within a fifth."""
    turn = np.radians(angle_deg)

    def tilted_out(x, down, z):
        return (60.0 - down) * np.cos(turn) + z * np.sin(turn)

    bony = block("csf", tilted_out, half_mm=20, depth_mm=90, step_mm=0.5)
    peaks, widths = [], []
    for slices in (1, 15):
        echo = marched(bony, CURVED, facing(), lines=33, slices=slices)[0].echo[0]
        kernel = np.exp(-0.5 * (np.arange(-12, 13) / 1.5) ** 2)
        seen = np.abs(np.convolve(echo[len(echo) // 2], kernel, mode="same"))[450:700]
        peaks.append(20 * np.log10(seen.max()))
        widths.append(float((seen > 0.5 * seen.max()).sum()))

    assert peaks[0] == pytest.approx(peaks[1], abs=2.0)
    assert widths[0] == pytest.approx(widths[1], rel=0.2, abs=2)


def test_planes_weigh_to_one_and_are_odd():
    for slices in (1, 3, 7):
        places, shares = zip(*planes(slices), strict=True)
        assert sum(shares) == pytest.approx(1)
        np.testing.assert_allclose(places, [-one for one in reversed(places)], atol=1e-12)
    with pytest.raises(InputError, match="slices must be odd"):
        planes(4)


def test_same_bytes_at_any_number_of_threads_and_from_two_callers():
    bony = block("muscle", tilted(40.0, 20.0), half_mm=40)
    before = threads()
    try:
        set_threads(1)
        first = envelope_db(bony, CURVED, facing(), slices=3)
        set_threads(2)
        second = envelope_db(bony, CURVED, facing(), slices=3)
    finally:
        set_threads(before)
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: envelope_db(bony, CURVED, facing(), slices=3), range(2)))

    assert first.tobytes() == second.tobytes() == both[0].tobytes() == both[1].tobytes()


def test_scatterers_stay_with_the_tissue():
    """A probe moved along its lines sees the same speckle at another depth."""
    still = envelope_db(block(half_mm=60), LINEAR, facing(), samples=1000)
    moved = envelope_db(block(half_mm=60), LINEAR, facing(off_mm=-2.0), samples=1000)
    a, b = still[:, 240:640], moved[:, 200:600]  # 2 mm are 40 samples

    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.9


@pytest.mark.kernel
def test_the_kernel_does_what_numpy_does():
    """Bone, gas, layers and a membrane on a scene of 12 voxels a side."""
    names = [label(name) for name in ("fat", "muscle", "csf", "air")]

    def layers(x, down, z):
        return np.choose(np.digitize(down, [1.5, 3.0, 5.0]), names)

    def corner(x, down, z):
        return np.hypot(down - 4.0, x - 2.0) - 1.0

    tiny = block(layers, corner, half_mm=3.0, depth_mm=6.0, step_mm=0.55)
    near = tiny.grid[:12, :26, :12].copy()
    scene = type(tiny)(near, tiny.patient_from_voxel, tiny.step_mm)
    blur = blur_of(LINEAR, 10.0, 12, 64)
    rays = rays_of(scene, LINEAR, facing(), 10.0, 9, blur)
    narrow = Rays(**{**{n: getattr(rays, n) for n in Rays.__slots__}, "steps": rays.steps * 1.3})

    for one in (rays, narrow):
        ours = march(scene, one, blur, slices=3)
        theirs = numpy_march(scene, one, blur, slices=3)
        np.testing.assert_allclose(ours.echo, theirs.echo, atol=1e-6)
        np.testing.assert_allclose(ours.through, theirs.through, atol=1e-6)
        np.testing.assert_array_equal(ours.codes, theirs.codes)
        np.testing.assert_allclose(ours.surface_mm, theirs.surface_mm)
    alone = march(scene, rays, blur, slices=1).echo
    np.testing.assert_allclose(alone, numpy_march(scene, rays, blur, slices=1).echo, atol=1e-6)
    assert _kernels.FAR > 1e6
