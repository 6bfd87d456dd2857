"""`Cross`: how soft tissue and bone scatter, and the model's numbers, from ``scatter.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from needle_sim import presets
from needle_sim.imaging.xray.beam import energies_kev, material

Floats = NDArray[np.float64]

REST_KEV = 510.99895  # of an electron, CODATA 2018
HC_KEV_ANGSTROM = 12.39842  # CODATA 2018


@dataclass(frozen=True, slots=True)
class Model:
    """What of the model is no physics of single photons but fitted; see decision 0014.

    Parameters
    ----------
    share : float
        Photons scattered more than once that are sent on, over those that the walk gives.
    spread : float
        Width of a step of the walk over that of free paths.
    coherent : float
        Share of coherent scatter that counts as a turn in the walk.
    opaque : float
        Attenuation of what is scattered more than once, on its way out, over that of its energy.
    forward : float
        Power of the cosine to the beam by which it leans forward.
    left : float
        Its energy over that of the beam.
    """

    share: float
    spread: float
    coherent: float
    opaque: float
    forward: float
    left: float


@dataclass(frozen=True, slots=True, eq=False)
class Cross:
    """Cross sections (2, E), cm2/g, of water and cortical bone at the package's energies.

    Parameters
    ----------
    total, coherent, incoherent : (2, E) arrays, cm2/g
    transfer, form : (T,) arrays
        Square of water's form factor, 1 at no transfer, by transfer, 1/angstrom.
    free : (2,) array
        Water's electrons act as free with 1 - exp(-a x - b x2).
    model : Model
    """

    total: Floats
    coherent: Floats
    incoherent: Floats
    transfer: Floats
    form: Floats
    free: Floats
    model: Model

    def per_angle(self, energy_kev: float, sine: Floats) -> tuple[Floats, Floats]:
        """Coherent and incoherent per angle, 1/sr, by the sine of half the angle (U,)."""
        x = energy_kev / HC_KEV_ANGSTROM * sine
        cosine = 1.0 - 2.0 * sine**2
        ratio = after_kev(energy_kev, sine) / energy_kev
        coherent = np.interp(x, self.transfer, self.form) * (1.0 + cosine**2)
        free = -np.expm1(-self.free[0] * x - self.free[1] * x**2)
        incoherent = free * ratio**2 * (ratio + 1.0 / ratio - 1.0 + cosine**2)
        fine = np.linspace(0.0, 1.0, len(sine))
        return (
            coherent / (8.0 * np.pi * np.trapezoid(coherent * fine, fine)),
            incoherent / (8.0 * np.pi * np.trapezoid(incoherent * fine, fine)),
        )


def after_kev(energy_kev: float, sine: Floats) -> Floats:
    """Energy after incoherent scatter by twice the angle whose sine is given (Compton)."""
    return np.asarray(energy_kev / (1.0 + energy_kev / REST_KEV * 2.0 * sine**2))


@cache
def cross() -> Cross:
    """The shipped tables."""
    tables = presets.plain(presets.read_toml(presets.folder("presets") / "scatter.toml"))
    names = "water", "cortical_bone"
    water = tables["water"]
    kinds = {
        kind: np.array([tables[name][kind] for name in names])
        for kind in ("coherent", "incoherent")
    }
    total = np.stack([material(name).mu_rho for name in names])
    model = presets.into(Model, presets.table("scatter", "model"), where="scatter.toml: model")
    transfer, form, free = (np.array(water[key]) for key in ("transfer", "form", "free"))
    return Cross(total, kinds["coherent"], kinds["incoherent"], transfer, form, free, model)


def at_energy(table: Floats, energy_kev: Floats | float) -> Floats:
    """A table (..., E) at energies (N,), linear between the bins."""
    centres = energies_kev()
    place = np.clip(np.asarray(energy_kev) - centres[0], 0.0, len(centres) - 1.001)
    low = place.astype(int)
    share = place - low
    return np.asarray(table[..., low] * (1.0 - share) + table[..., low + 1] * share)
