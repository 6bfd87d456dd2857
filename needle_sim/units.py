"""Conversions and physical constants, each with its source."""

from __future__ import annotations

BODY_C = 37.0
"""Body core and arterial blood, °C: the usual boundary value in RF models (proposed)."""

BOILING_C = 100.0
"""Water at 1 atm; tissue above about 95 °C chars or boils."""

KELVIN_0_C = 273.15
"""SI definition of the Celsius scale (CODATA)."""

GAS_CONSTANT_J_MOLK = 8.314462618
"""Molar gas constant, CODATA 2018 (exact)."""

KEV_J = 1.602176634e-16
"""One kiloelectronvolt in joule, CODATA 2018 (exact)."""

ML_MIN_KG = 1e-6 / 60.0
"""1 mL/min/kg in m3/s/kg, the perfusion unit of tissue tables."""

UGY_M2_PER_GY_CM2 = 100.0
"""Kerma-area product: 1 Gy cm2 = 100 µGy m2."""


def m_from_mm(value_mm: float) -> float:
    """Millimetres to metres."""
    return value_mm * 1e-3


def c_from_k(value_k: float) -> float:
    """Kelvin to °C."""
    return value_k - KELVIN_0_C


def k_from_c(value_c: float) -> float:
    """°C to kelvin."""
    return value_c + KELVIN_0_C
