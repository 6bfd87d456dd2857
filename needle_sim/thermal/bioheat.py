"""`heat`: the temperature of tissue around an electrode, Pennes' equation in three dimensions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from needle_sim.anatomy.anatomy import Anatomy
from needle_sim.errors import InputError
from needle_sim.instruments.placed import PlacedNeedle
from needle_sim.progress import Progress, silent
from needle_sim.thermal.control import ticks
from needle_sim.thermal.coupled import Coupled
from needle_sim.thermal.damage import MODELS
from needle_sim.thermal.electrode import Electrode
from needle_sim.thermal.grid import Field
from needle_sim.thermal.history import HeatHistory
from needle_sim.thermal.medium import HeatMedium, cut_medium
from needle_sim.thermal.protocol import Protocol
from needle_sim.units import BOILING_C
from needle_sim.volume.volume import Note

LOAD_OHM = (50.0, 1000.0)
"""Where lesion generators usually raise an alarm (from memory)."""


Watch = Callable[[Mapping[str, float]], None]
_SHOWN = ("time_s", "set_c", "sensor_c", "hottest_c", "power_w", "voltage_v", "impedance_ohm")


def heat(
    anatomy: Anatomy,
    electrodes: Sequence[PlacedNeedle],
    protocol: Protocol,
    *,
    start_c: float | None = None,
    progress: Progress = silent,
    watch: Watch | None = None,
) -> HeatHistory:
    """Run a generator's protocol in a patient.

    Parameters
    ----------
    anatomy : Anatomy
        Its tissues are cut out around the needle.
    electrodes : sequence of PlacedNeedle
        One monopolar cannula; the return electrode is far away.
    protocol : Protocol
    start_c : float, °C, optional
        Temperature of all tissue at the start; blood always comes at 37 °C.
    progress : Progress
        Called with time steps done and in all.
    watch : callable, optional
        Called after each time step with what the generator shows: ``time_s, set_c, sensor_c,
        hottest_c, power_w, voltage_v, impedance_ohm``.

    Returns
    -------
    HeatHistory

    Raises
    ------
    InputError
        Not one electrode, no active tip, or the tip lies in air.
    SolverError
        The solution would not be finite.
    """
    medium = cut_medium(anatomy, _only(electrodes))
    return heat_medium(
        medium, electrodes, protocol, start_c=start_c, progress=progress, watch=watch
    )


def heat_medium(
    medium: HeatMedium,
    electrodes: Sequence[PlacedNeedle],
    protocol: Protocol,
    *,
    start_c: float | None = None,
    step_s: float = 0.5,
    progress: Progress = silent,
    watch: Watch | None = None,
) -> HeatHistory:
    """Run a protocol in a medium that was cut for this electrode; see `heat`.

    ``step_s`` is the time step of the ramp; the hold ends in steps four times as long.
    """
    placed = _only(electrodes)
    start = medium.blood_c if start_c is None else float(start_c)
    if not 0 <= start <= 45:
        raise InputError(f"start_c must be 0 to 45 °C, got {start}")
    electrode = Electrode.of(placed.needle)
    if protocol.sensor_mm > electrode.active_tip_mm:
        raise InputError(
            f"the sensor, {protocol.sensor_mm} mm behind the tip, must lie in the active tip of "
            f"{electrode.active_tip_mm} mm"
        )
    run = Coupled.begin(medium, electrode, protocol.sensor_mm, start)
    plan = list(ticks(protocol, step_s))
    for count, tick in enumerate(plan):
        run.advance(tick)
        progress(count + 1, len(plan))
        if watch is not None:
            watch(dict(zip(_SHOWN, map(float, run.rows[-1]), strict=True)))
    return _history(run, placed, protocol)


def _history(run: Coupled, placed: PlacedNeedle, protocol: Protocol) -> HeatHistory:
    columns = np.array(run.rows).T
    fields = (run.temperature_c, run.damage.highest_c, run.damage.cem43_s / 60.0)
    omega = dict(zip(MODELS, run.damage.omega, strict=True))
    for one in (columns, *fields, run.damage.omega):
        one.flags.writeable = False
    return HeatHistory(
        run.medium,
        (placed,),
        protocol,
        run.start_c,
        time_s=columns[0],
        set_c=columns[1],
        sensor_c=columns[2],
        hottest_c=columns[3],
        power_w=columns[4],
        voltage_v=columns[5],
        impedance_ohm=columns[6],
        temperature_c=fields[0],
        highest_c=fields[1],
        cem43_min=fields[2],
        omega=MappingProxyType(omega),
        energy=run.energy(),
        field_solves=run.field_solves,
        notes=_notes(run, columns),
    )


def _notes(run: Coupled, columns: Field) -> tuple[Note, ...]:
    notes = []
    boiled = run.damage.highest_c >= BOILING_C
    boiled &= ~run.circuit.metal
    if boiled.any():
        volume = float(run.medium.grid.volume_mm3[boiled].sum())
        text = "tissue boiled beside the electrode; steam stays in place in this model"
        notes.append(Note("", "", f"{volume:.2g} mm3", text))
    short = float(columns[1][-1] - columns[2][-1])
    if abs(short) > 1.0:
        text = "the generator did not hold the set point within its limits"
        notes.append(Note("", "", f"{short:.1f} °C off", text))
    load = float(columns[6][0])
    if not LOAD_OHM[0] <= load <= LOAD_OHM[1]:
        text = f"a generator may refuse this load; alarms are usual outside {LOAD_OHM} ohm"
        notes.append(Note("", "", f"{load:.0f} ohm", text))
    return tuple(notes)


def _only(electrodes: Sequence[PlacedNeedle]) -> PlacedNeedle:
    if len(electrodes) != 1:
        raise InputError(
            f"heat takes one electrode, got {len(electrodes)}; bipolar lesions are not modelled yet"
        )
    return electrodes[0]
