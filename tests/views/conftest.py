"""A small run with analytic heat: a block of muscle, a bone, a needle, no solver."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from needle_sim.anatomy.anatomy import Anatomy, Structure
from needle_sim.anatomy.target import Target
from needle_sim.anatomy.tissue import label
from needle_sim.geometry.shapes import Tube
from needle_sim.geometry.transform import GRID, unit
from needle_sim.imaging.ultrasound.in_plane import in_plane_pose
from needle_sim.imaging.ultrasound.probe import Probe
from needle_sim.imaging.ultrasound.scan import sonogram
from needle_sim.imaging.xray.beam import Beam
from needle_sim.imaging.xray.carm import CArm
from needle_sim.imaging.xray.exposure import radiograph
from needle_sim.imaging.xray.materials import prepare
from needle_sim.imaging.xray.sequence import contrast_shots
from needle_sim.injectate.agent import Agent
from needle_sim.injectate.spread import spread
from needle_sim.instruments.needle import Needle
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.instruments.trajectory import Trajectory
from needle_sim.planning.planner import Plan
from needle_sim.procedures.procedure import Procedure
from needle_sim.rehearsal.metric import Attempted
from needle_sim.rehearsal.record import Event, Record, Shot
from needle_sim.rehearsal.run import Run
from needle_sim.rehearsal.scoring import score
from needle_sim.rehearsal.suite import View
from needle_sim.thermal.grid import Grid
from needle_sim.thermal.history import EnergyBalance, HeatHistory
from needle_sim.thermal.lesion import measure
from needle_sim.thermal.medium import HeatMedium
from needle_sim.thermal.protocol import Protocol
from needle_sim.views.pictures import pictures
from needle_sim.volume.volume import Volume, axis_aligned
from tests.rehearsal.attempts import (
    CENTRE_MM,
    CLEAR,
    DANGER_MM,
    DEEP_MM,
    GOOD,
    UP,
    patient,
    placed,
    target,
    told,
)

TIP_MM = np.array([-20.0, 10.0, 0.0])
AXIS = unit([0.3, -0.65, 0.7])  # from behind, below and the right
NOTE = 'a <note> & its "quotes"'


def block() -> Anatomy:
    """120 mm of muscle with a bony column on the midline, a sac behind it, a root beside it."""
    place = axis_aligned((3.0, 3.0, 3.0), (-60.0, -60.0, -60.0))
    at = place.apply(np.stack(np.meshgrid(*[np.arange(41)] * 3, indexing="ij"), axis=-1))
    x, y, z = np.moveaxis(at, -1, 0)
    labels = np.full(x.shape, label("muscle"), dtype=np.uint16)
    labels[(np.hypot(x, y + 15) < 20) & (np.abs(z % 36 - 18) < 14)] = label("trabecular_bone")
    labels[y > 54] = label("air")
    tissues = {label(name): name for name in ("muscle", "trabecular_bone", "air")}
    hu = np.select([labels == key for key in tissues], [55, 400, -1000]).astype(np.int16)
    ct = Volume(hu, place)
    beside = np.array([0.0, 1.5, 1.5])
    nerve = np.stack([TIP_MM - 12 * AXIS + beside, TIP_MM + 3 * AXIS + beside])
    structures = {
        name: Structure(name, kind, (Tube(np.array(points), np.array(radius)),), "constructed")
        for name, kind, points, radius in (
            ("dura", "dura", [[0, 15, -50], [0, 15, 50]], [8.0, 8.0]),
            ("L4 right root", "root", [[-8, 15, 25], [-25, 0, 10]], [2.5, 2.5]),
            ("L4 right medial branch", "medial_branch", nerve, [0.5, 0.5]),
        )
    }
    return Anatomy("block", ct, Volume(labels, place, "label"), structures=structures)


def placed_needle() -> PlacedNeedle:
    """18 G with a 10 mm active tip on its way along the nerve."""
    trajectory = Trajectory.straight(TIP_MM - 60 * AXIS, TIP_MM)
    return PlacedNeedle(Needle.preset("rf_18g_10mm"), trajectory)


def warmed(placed: PlacedNeedle) -> HeatHistory:
    """Heat in shells around the active tip: 80 °C on the metal, 1/distance beyond it."""
    r = np.concatenate([[0.0, 0.3, 0.635], 0.635 + np.cumsum(np.full(24, 0.5))])
    z = np.linspace(-22.0, 12.0, 69)
    grid = Grid((r, np.linspace(0, 2 * np.pi, 5), z), "ring")
    points = grid.points_mm()
    off = points - np.clip(points @ [0, 0, 1], -10, 0)[..., None] * [0.0, 0.0, 1.0]
    away = np.maximum(np.linalg.norm(off, axis=-1), 0.635)
    highest = 37.0 + 43.0 * (0.635 / away) ** 0.8
    frame = placed.trajectory.patient_from_needle
    frame = type(frame)(frame.matrix, target=frame.target, source=GRID)
    medium = HeatMedium(grid, 0.5, 3.8e6, 2e3, 0.4, patient_from_grid=frame)  # type: ignore[arg-type]
    time = np.linspace(0.5, 105.0, 80)
    sensor = np.minimum(37 + 43 * time / 15, 80.0)
    dose = 90 / 60 * 0.5 ** (43.0 - highest)
    omega = 90.0 * np.exp(np.log(2.94e39) - 2.596e5 / (8.314 * (highest + 273.15)))
    return HeatHistory(
        medium=medium,
        electrodes=(placed,),
        protocol=Protocol.preset("continuous_80c_90s"),
        start_c=37.0,
        time_s=time,
        set_c=sensor,
        sensor_c=sensor,
        hottest_c=sensor + 2,
        power_w=3.0 + np.exp(-time / 20),
        voltage_v=20 + 0 * time,
        impedance_ohm=180 - 0.3 * time,
        temperature_c=highest,
        highest_c=highest,
        cem43_min=dose,
        omega={"muscle": omega, "liver": omega, "skin": omega},
        energy=EnergyBalance(10.0, 6.0, 3.0, 1.0),
    )


def view(anatomy: Anatomy, name: str, orbital_deg: float, tilt_deg: float, *needles: PlacedNeedle):
    """A small noiseless picture about the tip."""
    carm = CArm(
        tuple(TIP_MM), orbital_deg=orbital_deg, tilt_deg=tilt_deg, pixel_mm=2.0, shape=(96, 96)
    )
    shot = radiograph(anatomy.ct, carm, Beam.preset("lumbar_ap"), needles=needles)
    return View(name, name.capitalize(), shot, orbital_deg, tilt_deg, None)


def heated(recipe: Procedure, placed: PlacedNeedle, plan: Plan, views: tuple[View, ...]) -> Record:
    """What was done on the way to the lesion."""
    done = (
        Event(0.0, "insert", 5.0, 1, True, "18 G needle through the skin"),
        Event(45.0, "advance", 50.0, 1, True, "advanced to 50 mm", detail={"to": "danger"}),
        Event(65.0, "view", 50.0, 1, True, "Lateral at 50 mm", 1.2, {"view": "lateral"}),
        Event(75.0, "advance", 60.0, 1, True, "advanced to 60 mm", detail={"to": "target"}),
        Event(95.0, "view", 60.0, 1, True, "AP at 60 mm", 0.8, {"view": "ap"}),
        Event(200.0, "heat", 60.0, 1, True, f"heated, {recipe.protocol}"),
    )
    return Record(done, views, (), placed, plan.clearance_mm, danger_mm=50.0)


@pytest.fixture(scope="session")
def run() -> Run:
    """A run that reached its end."""
    shipped, anatomy, placed = Procedure.preset("medial-branch-rfa"), block(), placed_needle()
    recipe = replace(shipped, unverified=("limits.root_c = 45: from <memory>",))
    nerve = anatomy.structures["L4 right medial branch"].tubes[0].points_mm
    target = Target(
        name="L4 right medial branch",
        kind="medial_branch",
        level="L4",
        vertebra="L5",
        side="right",
        centre_mm=TIP_MM,
        radius_mm=2.0,
        approach=AXIS,
        nerve_mm=nerve,
        window_mm=np.stack([TIP_MM - 8 * AXIS, TIP_MM - 2 * AXIS]),
        ventral_mm=TIP_MM - [0.0, 2.0, 0.0],
    )
    plan = Plan(target, (placed,), {"dura": 9.4, "L4 right root": 6.2}, 300, {"bone": 120})
    history = warmed(placed)
    lesion = measure(history, nerve_mm=nerve)
    hottest = {"dura": 37.6, "L4 right root": 38.1, "tissue": 82.0}
    poses = (("ap", 0, 0), ("oblique", -20, -30), ("lateral", -90, 0), ("barrel", -25, -44))
    views = tuple(view(anatomy, name, o, t, placed) for name, o, t in poses)
    record = heated(recipe, placed, plan, views)
    judged = Attempted(recipe, anatomy, target, plan, record, lesion, hottest)
    return Run(
        procedure=recipe,
        anatomy=anatomy,
        target=target,
        level="L4",
        vertebra="L5",
        side="right",
        seed=7,
        in_words=recipe.in_words("L4", "right"),
        plan=plan,
        blocked=None,
        views=views,
        history=history,
        lesion=lesion,
        temperature_max_c=hottest,
        score=score(judged),
        notes=(NOTE,),
        record=record,
        needle="rf_18g_10mm",
        tried=plan.tried,
        rejected=plan.rejected,
        command="needle-sim run medial-branch-rfa --level L4 --side right --seed 7",
    )


@pytest.fixture(scope="session")
def drawn(run: Run) -> dict[str, bytes]:
    """All its pictures."""
    return pictures(run)


@pytest.fixture(scope="session")
def blocked(run: Run) -> Run:
    """The same patient where no path was safe."""
    why = "no safe path to L4 right medial branch on L5: blocked by bone (300 of 300)"
    return replace(
        run,
        plan=None,
        blocked=why,
        views=tuple(view(run.anatomy, name, o, 0) for name, o in (("ap", 0), ("lateral", -90))),
        history=None,
        lesion=None,
        temperature_max_c={},
        score=score(Attempted(run.procedure, run.anatomy, run.target)),
        record=Record(),
    )


@pytest.fixture(scope="session")
def injected() -> Run:
    """An injection by the recipe, with contrast in pictures and a sonogram."""
    anatomy, lain, aimed = patient(), placed(), target()
    recipe = Procedure.preset("interlaminar-epidural")
    carm = CArm(tuple(CENTRE_MM), pixel_mm=2.0, shape=(96, 96))
    beam = Beam.preset("lumbar_ap")
    rng = np.random.default_rng(0)
    found = spread(
        anatomy, CENTRE_MM, UP, agent=Agent.preset("iohexol_240"), volume_ml=1.5, rng=rng
    )
    run_of = contrast_shots(
        prepare(anatomy.ct), carm, beam, found, mode="live", needles=(lain,), rng=rng, count=2
    )
    shot = Shot("Contrast, AP, live", "live", found, run_of, run_of.seen)
    views = tuple(
        replace(view(anatomy, name, o, 0, lain), title=title, depth_mm=depth)
        for name, title, o, depth in (
            ("ap", "AP, tilted into the window", 0, 5.0),
            ("clo", "Contralateral oblique", 45, DANGER_MM),
            ("clo_2", "Contralateral oblique", 45, DEEP_MM),
            ("lateral", "Lateral", -90, DEEP_MM),
        )
    )
    record = Record(told(*GOOD), views, (shot,), lain, CLEAR, danger_mm=DANGER_MM)
    plan = Plan(aimed, (lain,), CLEAR, 300, {"bone": 120})
    judged = Attempted(recipe, anatomy, aimed, plan, record, approach=aimed.approach)
    probe = Probe.preset("curved_3p5mhz")
    pose = in_plane_pose(anatomy, lain, probe=probe)
    return Run(
        procedure=recipe,
        anatomy=anatomy,
        target=aimed,
        level="L4-L5",
        vertebra="L4",
        side="right",
        seed=3,
        in_words=recipe.in_words("L4-L5", "right"),
        plan=plan,
        blocked=None,
        views=views,
        history=None,
        lesion=None,
        temperature_max_c={},
        score=score(judged),
        notes=(),
        record=record,
        needle="tuohy_18g_90mm",
        sonogram=sonogram(anatomy, probe, pose, needles=[lain], rng=rng),
        tried=plan.tried,
        rejected=plan.rejected,
    )


@pytest.fixture(scope="session")
def given_up(injected: Run) -> Run:
    """The same attempt given up for what an aspiration brought."""
    why = "aspiration brings blood"
    events = told(*GOOD[:6], ("aspirate",), ("abort",))
    record = replace(injected.record, events=events, shots=(), abort=why, justified=True)
    judged = Attempted(injected.procedure, injected.anatomy, injected.target, injected.plan, record)
    return replace(injected, record=record, score=score(judged))
