"""`Coupled`: field, heat, generator and damage marched together through a protocol."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from needle_sim.errors import SolverError
from needle_sim.thermal import _kernels
from needle_sim.thermal.boiling import Water
from needle_sim.thermal.control import Sensor, Tick, power_w, set_point_c
from needle_sim.thermal.damage import FLOOR_C, MODELS
from needle_sim.thermal.electrode import Electrode
from needle_sim.thermal.field import Circuit, Potential, sigma_factor
from needle_sim.thermal.grid import Field
from needle_sim.thermal.history import EnergyBalance
from needle_sim.thermal.medium import HeatMedium
from needle_sim.thermal.pennes import GAMMA, Body, second_base
from needle_sim.thermal.stencil import Stencil, still
from needle_sim.units import BOILING_C

FIELD_CHANGE = 0.03
"""The field is solved again once a conductivity has moved by this share of itself."""

_WEIGHTS = (1.0 - GAMMA, GAMMA)


@dataclass(slots=True, eq=False)
class Damage:
    """What accumulates in each cell (I, J, K)."""

    highest_c: Field
    cem43_s: Field
    omega: Field  # (M, I, J, K), in the order of MODELS
    log_rate: Field
    activation_k: Field

    @classmethod
    def none(cls, start_c: Field) -> Damage:
        """Before anything was heated."""
        models = tuple(MODELS.values())
        return cls(
            start_c.copy(),
            np.zeros(start_c.shape),
            np.zeros((len(models), *start_c.shape)),
            np.array([one.log_rate for one in models]),
            np.array([one.activation_k for one in models]),
        )

    def add(self, before_c: Field, after_c: Field, dt_s: float) -> None:
        """A step from one temperature field to another, a straight line between them."""
        rates = (still(self.log_rate), still(self.activation_k), FLOOR_C)
        totals = (self.highest_c, self.cem43_s, self.omega)
        _kernels.damage_step(still(before_c), still(after_c), dt_s, *rates, *totals)


@dataclass(slots=True, eq=False)
class Coupled:
    """The state of a run. ``rise`` is over blood temperature; ``rows`` holds a line a step."""

    medium: HeatMedium
    circuit: Circuit
    body: Body
    sensor: Sensor
    water: Water
    rise: Field
    drift_c_s: Field
    damage: Damage
    start_c: float
    potential: Potential
    solved: Field  # sigma_factor of the last field
    sensor_from_c: float = 0.0
    dt_s: float = 0.0
    matrix: Stencil | None = None
    unit: Field | None = None  # rise a watt, in one stage
    unit_is_old: bool = True
    power: float = 0.0
    blood_j: float = 0.0
    source_j: float = 0.0
    field_solves: int = 1
    rows: list[tuple[float, ...]] = field(default_factory=list)

    @classmethod
    def begin(
        cls, medium: HeatMedium, electrode: Electrode, sensor_mm: float, start_c: float
    ) -> Coupled:
        """All tissue at ``start_c``, no power yet."""
        circuit = Circuit.of(medium.grid, electrode)
        body = Body.of(medium, circuit.metal, "insulated")
        shape = medium.grid.shape
        rise = np.full(shape, start_c - medium.blood_c)
        factor = sigma_factor(np.full(shape, start_c))
        return cls(
            medium,
            circuit,
            body,
            Sensor.behind_tip(medium.grid, sensor_mm),
            Water.of(medium, circuit.metal),
            rise,
            np.zeros(shape),
            Damage.none(np.full(shape, start_c)),
            start_c,
            circuit.solve(medium.sigma_s_m * factor),
            factor,
            sensor_from_c=start_c,
        )

    @property
    def temperature_c(self) -> Field:
        """Now."""
        return np.asarray(self.rise + self.medium.blood_c)

    def advance(self, tick: Tick) -> None:
        """One time step: field if it is due, two stages of heat, damage, a row."""
        if tick.start_s == tick.since_s:
            self.sensor_from_c = self.sensor.read(self.temperature_c)
        self._renew_field(tick.dt_s)
        self._renew_unit(tick.dt_s)
        before, start = self.temperature_c, self.rise
        dead = np.where(self.damage.omega[0] >= 1.0, self.body.sink, 0.0)
        base, mean_w = start, 0.0
        drift = self.drift_c_s * tick.dt_s
        for weight, elapsed in zip(_WEIGHTS, (GAMMA * tick.dt_s, tick.dt_s), strict=True):
            at_s = tick.start_s - tick.since_s + elapsed
            spared = dead * self.rise
            ahead = start + elapsed / tick.dt_s * drift
            used = self._stage(tick, base, spared, at_s, ahead)
            drift = (self.rise - start) * (tick.dt_s / elapsed)
            mean_w += weight * used
            self.blood_j += weight * tick.dt_s * float((self.body.sink * self.rise - spared).sum())
            base = second_base(start, self.rise)
        self.source_j += mean_w * tick.dt_s
        self.rise = self.water.boil(self.rise, self.body.mass, self.medium.blood_c)
        self.drift_c_s = (self.rise - start) / tick.dt_s
        after = self.temperature_c
        if not np.isfinite(after).all():
            raise SolverError(f"the temperature is not finite {tick.start_s:.2f} s into the run")
        self.damage.add(before, after, tick.dt_s)
        self._note(tick, mean_w, after)

    def _stage(self, tick: Tick, base: Field, spared: Field, at_s: float, guess: Field) -> float:
        """Solve a stage with the power that the sensor needs; returns that power."""
        matrix, unit = self.matrix, self.unit
        if matrix is None or unit is None:
            raise SolverError("a stage was asked for before its matrix was built")
        free = self.body.stage(matrix, tick.dt_s, base, spared, guess - self.power * unit)
        self.power = power_w(
            tick.step,
            wanted_c=set_point_c(tick.step, self.sensor_from_c, at_s) - self.medium.blood_c,
            free_c=self.sensor.read(free),
            unit_c_w=self.sensor.read(unit),
            conductance_s=self.potential.conductance_s,
        )
        self.rise = free + self.power * unit
        return self.power

    def _renew_field(self, dt_s: float) -> None:
        # as it will be in the middle of the step: a field that lags a ramp is wrong
        now = self.temperature_c
        ahead = np.minimum(now + 0.5 * dt_s * self.drift_c_s, np.maximum(now, BOILING_C))
        factor = sigma_factor(ahead)
        change = np.abs(factor / self.solved - 1.0)
        change[self.circuit.metal] = 0.0
        if change.max() > FIELD_CHANGE:
            sigma = self.medium.sigma_s_m * factor
            self.potential = self.circuit.solve(sigma, self.potential.volt)
            self.solved = factor
            self.unit_is_old = True
            self.field_solves += 1

    def _renew_unit(self, dt_s: float) -> None:
        if self.matrix is None or abs(dt_s - self.dt_s) > 1e-12:
            self.matrix, self.dt_s, self.unit_is_old = self.body.matrix(dt_s), dt_s, True
        if self.unit_is_old:
            nothing = np.zeros(self.rise.shape)
            guess = nothing if self.unit is None else self.unit
            self.unit = self.body.stage(self.matrix, dt_s, nothing, self.potential.heat_w, guess)
            self.unit_is_old = False

    def _note(self, tick: Tick, mean_w: float, after_c: Field) -> None:
        end_s = tick.start_s + tick.dt_s
        resistance = 1.0 / self.potential.conductance_s
        self.rows.append(
            (
                end_s,
                set_point_c(tick.step, self.sensor_from_c, end_s - tick.since_s),
                self.sensor.read(after_c),
                float(after_c[~self.circuit.metal].max()),
                mean_w,
                float(np.sqrt(mean_w * resistance)),
                resistance,
            )
        )

    def energy(self) -> EnergyBalance:
        """The balance up to now."""
        stored = float((self.body.mass * (self.rise - (self.start_c - self.medium.blood_c))).sum())
        stored += float(self.water.boiled_j.sum())
        return EnergyBalance(self.source_j, stored, self.blood_j, 0.0)
