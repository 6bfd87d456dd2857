"""Writes ``needle_sim/data/presets/scatter.toml`` from the tables of xraydb.

    python -m tools.scatter_table > needle_sim/data/presets/scatter.toml

The numbers of the model itself are held here, as they were fitted to the Monte Carlo of
``validation/scatter``.
"""

import numpy as np
import xraydb

from validation.scatter.photons import BONE, WATER, photons

# MODEL: fitted by ``python -m validation scatter fit``
FITTED = "fitted to the Monte Carlo of validation/scatter"
MODEL = {
    "share": (1.642, FITTED),
    "spread": (1.058, FITTED),
    "coherent": (0.976, FITTED),
    "opaque": (1.21, FITTED),
    "forward": (2.703, FITTED),
    "left": (0.915, FITTED),
}
TRANSFER = np.concatenate([[0.0], np.geomspace(0.02, 12.0, 47)])


def number(value, source, mark):
    """A sourced number of a preset."""
    text = "[" + ", ".join(f"{v:.4g}" for v in value) + "]" if np.ndim(value) else f"{value:.4g}"
    return f'{{ value = {text}, source = "{source}", mark = "{mark}" }}'


def main():
    elam = "xraydb 4.5.8, Elam et al. (2002), doi:10.1016/S0969-806X(01)00227-4"
    form = "xraydb 4.5.8, Waasmaier and Kirfel (1995), doi:10.1107/S0108767394013292; free atoms"
    fit = "1 - exp(-a x - b x2) fitted to the incoherent cross sections of xraydb 4.5.8"
    print("# Scatter (needle_sim.imaging.xray.scatter): cross sections, cm2/g, at the centres of")
    print(
        "# 1 keV bins from 10.5 keV; angles by the transfer x = E sin(angle / 2) / hc, 1/angstrom."
    )
    print("# Written by tools/scatter_table.py.\nrevision = 1")
    print("\n[model]")
    for key, (value, source) in MODEL.items():
        print(f"{key} = {number(value, source, 'derived')}")
    for name, parts in (("water", WATER), ("cortical_bone", BONE)):
        one = photons(parts)
        print(f"\n[{name}]")
        print(f"coherent = {number(one.mu[1], elam, 'derived')}")
        print(f"incoherent = {number(one.mu[2], elam, 'derived')}")
        if name == "water":
            squared = sum(
                share / xraydb.atomic_mass(key) * xraydb.f0(key, TRANSFER) ** 2
                for key, share in parts.items()
            )
            print(f"transfer = {number(TRANSFER, 'nodes of form', 'derived')}")
            print(f"form = {number(squared / squared[0], form, 'derived')}")
            print(f"free = {number(one.free, fit, 'derived')}")


if __name__ == "__main__":
    main()
