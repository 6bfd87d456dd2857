import numpy as np
import pytest
import xraydb

from needle_sim.imaging.xray.beam import energies_kev
from needle_sim.imaging.xray.receptor.scintillator import (
    _EDGE_KEV,
    _LINE_KEV,
    _SHELL,
    _YIELD,
    kept,
)

KEV = energies_kev()


def at(kev):
    return int(np.abs(KEV - kev).argmin())


def test_edges_lines_and_yields_are_those_of_xraydb():
    for n, element in enumerate(("I", "Cs")):
        edge = xraydb.xray_edge(element, "K")
        lines = xraydb.xray_lines(element, "K").values()
        mean = sum(line.energy * line.intensity for line in lines) / sum(
            line.intensity for line in lines
        )
        assert edge.energy * 1e-3 == pytest.approx(_EDGE_KEV[n], abs=1e-3)
        assert mean * 1e-3 == pytest.approx(_LINE_KEV[n], abs=1e-3)
        assert edge.fyield == pytest.approx(_YIELD[n], rel=1e-3)
        assert 1 - 1 / edge.jump_ratio == pytest.approx(_SHELL[n], rel=1e-3)


def test_fluorescence_leaves_as_often_as_a_brute_random_walk_says():
    """Photons of 60.5 keV one by one: where absorbed, which line, which way, how far."""
    rng, count = np.random.default_rng(0), 400_000
    mass = 0.06 * 0.8 * 4.51
    photo = {e: xraydb.mu_elam(e, 60.5e3, kind="photo") for e in ("I", "Cs")}
    share = 0.4885 * photo["I"] / (0.4885 * photo["I"] + 0.5115 * photo["Cs"])
    absorbs = 0.4885 * photo["I"] + 0.5115 * photo["Cs"]
    depth = -np.log1p(rng.random(count) * np.expm1(-absorbs * mass)) / absorbs
    iodine = rng.random(count) < share
    lit = rng.random(count) < np.where(iodine, _SHELL[0] * _YIELD[0], _SHELL[1] * _YIELD[1])
    own = [
        sum(w * xraydb.mu_elam(e, line * 1e3) for e, w in (("I", 0.4885), ("Cs", 0.5115)))
        for line in _LINE_KEV
    ]
    cosine = rng.uniform(-1, 1, count)
    way = np.where(cosine > 0, (mass - depth) / cosine, -depth / cosine)
    out = lit & (rng.random(count) < np.exp(-np.where(iodine, own[0], own[1]) * way))
    assert kept(600.0, 0.8, 1.0).escaped[at(60.5)] == pytest.approx(out.mean(), rel=0.03)


def test_the_share_that_escapes_hardly_depends_on_energy():
    """Rowlands et al., detective quantum efficiency of CsI intensifiers (abstract): independent."""
    escaped = kept(600.0, 0.8, 1.0).escaped[at(50.5) : at(120.5)]
    assert np.ptp(escaped) / escaped.mean() < 0.1
    assert not kept(600.0, 0.8, 1.0).escaped[: at(32.5)].any()


def test_moments_are_those_of_a_photon_that_keeps_or_loses_its_line():
    # just above the iodine edge all that escapes takes 29.2 keV
    found, n = kept(600.0, 0.8, 0.93), at(33.5)
    share = found.escaped[n]
    each = found.mean_kev[n] / ((1 - share) * 33.5 + share * (33.5 - _LINE_KEV[0]))
    assert 0 < each < 1
    square = each * ((1 - share) * 33.5**2 + share * (33.5 - _LINE_KEV[0]) ** 2) / 0.93
    assert found.square_kev2[n] == pytest.approx(square, rel=1e-9)


def test_a_thicker_layer_keeps_more_and_lets_less_fluorescence_out():
    thin, thick = kept(300.0, 0.8, 1.0), kept(900.0, 0.8, 1.0)
    assert (thick.mean_kev >= thin.mean_kev).all()
    assert thick.escaped[at(60.5)] < thin.escaped[at(60.5)]
