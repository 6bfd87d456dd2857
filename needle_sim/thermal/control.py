"""The generator: set point, ramp and limits, solved exactly instead of regulated.

An implicit step is affine in the power: T = T_free + u T_unit. So the power that puts the sensor
on the set point is found by one division, and then held to what the generator can give.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from needle_sim.errors import InputError
from needle_sim.thermal.grid import Field, Grid
from needle_sim.thermal.protocol import Continuous, Protocol


@dataclass(frozen=True, slots=True, eq=False)
class Sensor:
    """A thermocouple on the axis of a ring grid: the mean about it, a straight line along it."""

    index: int
    share: float

    @classmethod
    def behind_tip(cls, grid: Grid, behind_mm: float) -> Sensor:
        """At z = -``behind_mm``."""
        z = grid.centres[2]
        at = float(np.interp(-behind_mm, z, np.arange(len(z), dtype=np.float64)))
        index = min(int(at), len(z) - 2)
        return cls(index, at - index)

    def read(self, field: Field) -> float:
        """The field's value at the sensor."""
        near, far = field[0, :, self.index].mean(), field[0, :, self.index + 1].mean()
        return float((1 - self.share) * near + self.share * far)


@dataclass(frozen=True, slots=True)
class Tick:
    """One time step: from ``start_s``, ``dt_s`` long, in a protocol step begun at ``since_s``."""

    step: Continuous
    start_s: float
    dt_s: float
    since_s: float


def ticks(protocol: Protocol, step_s: float) -> Iterator[Tick]:
    """Time steps that meet every kink of the set point; longer in a long hold."""
    if not 0 < step_s <= 2:
        raise InputError(f"step_s must be above 0 and at most 2 s, got {step_s}")
    now = 0.0
    for step in protocol.steps:
        since = now
        pieces = [(step.ramp_s, step_s)]
        held = 0.0
        for length, dt in ((8.0, step_s), (16.0, 2 * step_s), (np.inf, 4 * step_s)):
            part = min(length, step.duration_s - held)
            pieces.append((part, dt))
            held += part
        for length, dt in pieces:
            count = int(np.ceil(length / dt - 1e-9))
            for n in range(count):
                yield Tick(step, now + n * length / count, length / count, since)
            now += length


def set_point_c(step: Continuous, start_c: float, elapsed_s: float) -> float:
    """What the sensor should read: a straight ramp from ``start_c``, then the set temperature."""
    if elapsed_s >= step.ramp_s:
        return step.set_c
    return start_c + (step.set_c - start_c) * elapsed_s / step.ramp_s


def most_w(step: Continuous, conductance_s: float) -> float:
    """Power limit, whichever of watts and volts binds."""
    return min(step.limit_w, step.limit_v**2 * conductance_s)


def power_w(
    step: Continuous, *, wanted_c: float, free_c: float, unit_c_w: float, conductance_s: float
) -> float:
    """Power that puts the sensor on ``wanted_c``, within 0 and the limits.

    ``free_c`` is the sensor without power, ``unit_c_w`` its rise a watt in this step.
    """
    return min(max((wanted_c - free_c) / unit_c_w, 0.0), most_w(step, conductance_s))
