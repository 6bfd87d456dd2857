"""Thermal damage: CEM43 and Arrhenius integrals."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from needle_sim.errors import InputError
from needle_sim.units import GAS_CONSTANT_J_MOLK, KELVIN_0_C

NECROSIS_CEM43_MIN = 240.0
"""Minutes at 43 °C that mark necrosis of muscle (Sapareto and Dewey 1984,
doi:10.1016/0360-3016(84)90379-1; van Rhoon 2013, doi:10.1007/s00330-013-2825-y)."""

FLOOR_C = 39.0
"""The step loop adds no damage below this temperature: tissue repairs itself there. Over two
minutes that leaves out at most 0.01 minutes of CEM43, and 0.07 of the liver's Omega (0.02 of the
muscle's)."""


@dataclass(frozen=True, slots=True)
class Arrhenius:
    """A first-order rate: Omega = integral of A exp(-Ea / (R T)) dt; 1 means 63 % are dead."""

    frequency_s: float
    activation_j_mol: float
    source: str

    @property
    def log_rate(self) -> float:
        """ln A, A in 1/s."""
        return float(np.log(self.frequency_s))

    @property
    def activation_k(self) -> float:
        """Ea / R in kelvin."""
        return self.activation_j_mol / GAS_CONSTANT_J_MOLK

    def rate_s(self, temperature_c: ArrayLike) -> NDArray[np.float64]:
        """Rate (...), 1/s, at temperatures (...)."""
        kelvin = np.asarray(temperature_c, dtype=np.float64) + KELVIN_0_C
        return np.asarray(np.exp(self.log_rate - self.activation_k / kelvin))


MODELS = MappingProxyType(
    {
        "muscle": Arrhenius(
            2.94e39,
            2.596e5,
            "Jacques, muscle; as collected from memory in the facts of this project",
        ),
        "liver": Arrhenius(
            7.39e39,
            2.577e5,
            "Jacques, liver; as collected from memory in the facts of this project",
        ),
        "skin": Arrhenius(
            3.1e98,
            6.28e5,
            "Henriques 1947, skin; as collected from memory in the facts of this project",
        ),
    }
)
"""Rates that are integrated side by side. No set is established for nerve."""


def cumulative_minutes_43(temperature_c: ArrayLike, *, dt_s: float) -> NDArray[np.float64]:
    """Thermal dose as cumulative equivalent minutes at 43 °C (CEM43).

    Parameters
    ----------
    temperature_c : (T, ...) array, °C
        Temperature history; the first axis is time, sampled every ``dt_s``.
    dt_s : float, s
        Time between two samples.

    Returns
    -------
    (...) array, min
        Dose per voxel; 240 min is the usual mark for necrosis of muscle.

    Raises
    ------
    InputError
        ``dt_s`` is not positive, or a temperature is not finite.

    References
    ----------
    Sapareto and Dewey (1984), doi:10.1016/0360-3016(84)90379-1, with R = 0.5 from 43 °C upwards
    and R = 0.25 below.
    """
    history = _history(temperature_c, dt_s)
    rate = np.where(history >= 43.0, 0.5, 0.25)
    return np.asarray((rate ** (43.0 - history)).sum(axis=0) * dt_s / 60.0)


def arrhenius(
    temperature_c: ArrayLike, *, dt_s: float, model: str = "muscle"
) -> NDArray[np.float64]:
    """Damage integral Omega (...) of a temperature history (T, ...), °C, sampled every ``dt_s``.

    ``model`` is a key of `MODELS`. Henriques and Moritz (1947) gave the form.
    """
    history = _history(temperature_c, dt_s)
    if model not in MODELS:
        raise InputError(f"no Arrhenius model is called {model!r}; known: {', '.join(MODELS)}")
    return np.asarray(MODELS[model].rate_s(history).sum(axis=0) * dt_s)


def _history(temperature_c: ArrayLike, dt_s: float) -> NDArray[np.float64]:
    history = np.asarray(temperature_c, dtype=np.float64)
    if not dt_s > 0:
        raise InputError(f"dt_s must be positive, got {dt_s}")
    if not np.isfinite(history).all():
        raise InputError("temperature_c holds values that are not finite")
    return history
