"""Drawing people from a `SizeTable`: body size, sex, and what runs smoothly over the levels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from needle_sim.anatomy.phantom.artery_rates import NORMALS
from needle_sim.anatomy.phantom.margins import holds
from needle_sim.anatomy.phantom.person import Person, Sex
from needle_sim.anatomy.phantom.size_table import SizeTable
from needle_sim.errors import InputError

_Rows = NDArray[np.float64]
_CUT = 2.5  # normal parts are drawn within so many SD, and widened so that their SD is 1
_TAIL = float(ndtr(-_CUT))
_CUT_SD = float(
    np.sqrt(1.0 - 2.0 * _CUT * np.exp(-0.5 * _CUT**2) / np.sqrt(2 * np.pi) / (1.0 - 2.0 * _TAIL))
)
MOST_DRAWS = 200
"""Of one person, until the spine holds."""
_SEX = {"male": 1.0, "female": 0.0, None: np.nan}


class Drawn(NamedTuple):
    """Sizes (n, P) of people, their sex (n,) by `codes`, how often each was drawn again, and the
    normal numbers (n, 3) of the artery (`needle_sim.anatomy.phantom.artery_rates`)."""

    values: _Rows
    male: _Rows
    again: NDArray[np.int64]
    artery: _Rows


def codes(people: Sequence[Person]) -> tuple[_Rows, _Rows, _Rows]:
    """Sex (1.0 men, 0.0 women), age and BMI (n,) of people; NaN where they are not given."""
    return (
        np.array([_SEX[one.sex] for one in people]),
        np.array([np.nan if one.age is None else one.age for one in people], dtype=np.float64),
        np.array([np.nan if one.bmi is None else one.bmi for one in people], dtype=np.float64),
    )


def sex_of(male: float) -> Sex | None:
    """The word for a code."""
    return None if np.isnan(male) else "male" if male == 1.0 else "female"


def draws(table: SizeTable) -> int:
    """How many normal numbers one person takes: body size, sex, one a parameter that varies, and
    those of the artery."""
    return 2 + int(table.varies.sum()) + NORMALS


def means(table: SizeTable, male: _Rows, age: _Rows, bmi: _Rows) -> _Rows:
    """Means (n, P) for men (1.0), women (0.0) or both (NaN), at ages and BMIs (n,) or NaN."""
    ratio, share = table.sex_ratio, np.where(np.isnan(male), 0.0, male)[:, None]
    sexed = 2.0 * (share * ratio + 1.0 - share) / (1.0 + ratio)
    found = table.mean * np.where(np.isnan(male)[:, None], 1.0, sexed)
    for values, rules in ((age, table.age), (bmi, table.bmi)):
        for rule in rules:
            change = rule.at(values)[:, None]
            part = found[:, rule.where]
            found[:, rule.where] = part * change if rule.times else part + change
    return np.asarray(found)


def within_sd(table: SizeTable) -> _Rows:
    """SD (P,) between people of one sex: what the difference of the sexes leaves of the SD."""
    apart = table.mean * (table.sex_ratio - 1.0) / (table.sex_ratio + 1.0)
    return np.asarray(np.sqrt(np.maximum(table.sd**2 - apart**2, 0.0)))


def departures(table: SizeTable, normals: _Rows) -> _Rows:
    """How far (n, P) people with these normal numbers (n, `draws`) lie from their means, in SD.

    Each is normal with SD 1, cut off at 2.5 of its SD before that is set to 1. Body size is one
    factor of a person; what it leaves over runs from level to level with the correlation
    ``level_share`` between neighbours.
    """
    size, own = normals[:, :1], np.zeros((len(normals), len(table.names)))
    own[:, table.varies] = normals[:, 2:-NORMALS]
    count, levels = len(table.fields), len(table.levels)
    rest = own[:, : count * levels].reshape(len(own), count, levels)
    share = table.level_share
    for n in range(1, levels):
        rest[:, :, n] = share * rest[:, :, n - 1] + np.sqrt(1.0 - share**2) * rest[:, :, n]
    own[:, : count * levels] = rest.reshape(len(own), -1)
    whole = table.size_share * size + np.sqrt(1.0 - table.size_share**2) * own
    return np.asarray(ndtri(_TAIL + (1.0 - 2.0 * _TAIL) * ndtr(whole)) / _CUT_SD)


def drawn(
    table: SizeTable,
    rngs: Sequence[np.random.Generator] | None,
    who: tuple[_Rows, _Rows, _Rows],
) -> Drawn:
    """Sizes of people, each from a generator of its own; without any, the means.

    Parameters
    ----------
    table : SizeTable
        Whose population.
    rngs : sequence of Generator or None
        One a person.
    who : three (n,) arrays
        Sex, age and BMI as of `codes`; a sex that is not given is drawn.

    Notes
    -----
    A spine that does not hold (`needle_sim.anatomy.phantom.margins`) is drawn again from the same
    generator.
    """
    male, age, bmi = who
    if rngs is None:
        nobody = np.full((len(male), NORMALS), np.nan)
        return Drawn(
            means(table, male, age, bmi), male, np.zeros(len(male), dtype=np.int64), nobody
        )
    values, artery = np.empty((len(rngs), len(table.names))), np.empty((len(rngs), NORMALS))
    sexes, again = male.copy(), np.zeros(len(rngs), dtype=np.int64)
    left, sd = np.arange(len(rngs)), within_sd(table)
    for _ in range(MOST_DRAWS):
        normals = np.stack([rngs[int(n)].standard_normal(draws(table)) for n in left])
        sexes[left] = np.where(np.isnan(male[left]), normals[:, 1] > 0, male[left])
        values[left] = means(table, sexes[left], age[left], bmi[left])
        values[left] += sd * departures(table, normals)
        artery[left] = normals[:, -NORMALS:]
        rows = values[left]
        good = holds(*table.parts(rows))
        left = left[~good]
        again[left] += 1
        if not len(left):
            return Drawn(values, sexes, again, artery)
    raise InputError(
        f"{table.name}: no spine that can be was drawn in {MOST_DRAWS} attempts; "
        "its means or SDs do not go together"
    )


def levelled(table: SizeTable, values: _Rows, *, fixed: bool = False) -> _Rows:
    """The values (n, P) with the origin's body level: the sacrum takes up what lordosis below it
    differs from the phantom's, unless its slope is fixed."""
    if not fixed:
        below = table.levels[table.levels.index(table.origin) + 1 :]
        where = [table.names.index(f"{level}_lordosis_above_deg") for level in below]
        more = (values[:, where] - table.mean[where]).sum(axis=1)
        values[:, table.names.index("sacrum_slope_deg")] += more
    return values
