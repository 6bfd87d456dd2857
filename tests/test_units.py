"""Conversions against their definitions."""

from __future__ import annotations

import pytest

from needle_sim import units


def test_temperatures_go_there_and_back():
    assert units.k_from_c(37.0) == pytest.approx(310.15)
    assert units.c_from_k(units.k_from_c(21.5)) == pytest.approx(21.5)


def test_perfusion_of_muscle_as_a_sink():
    """37 mL/min/kg of muscle carries 2553 W/m3K (blood 1050 kg/m3, 3617 J/kgK; facts, computed)."""
    sink = 37 * units.ML_MIN_KG * 1090 * 1050 * 3617
    assert sink == pytest.approx(2553, rel=1e-3)


def test_kerma_area_product_units():
    """1 Gy cm2 = 1e6 uGy x 1e-4 m2."""
    ugy_m2 = 1e6 * 1e-4
    assert ugy_m2 == pytest.approx(units.UGY_M2_PER_GY_CM2)


def test_lengths():
    assert units.m_from_mm(1500.0) == pytest.approx(1.5)
