"""`Person`: sex, age and build of a patient, as far as they are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from needle_sim.errors import InputError

Sex = Literal["female", "male"]
AGES_Y, BMIS = (18.0, 100.0), (15.0, 60.0)
"""What the rules of the phantoms reach over."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who a phantom is built for.

    Parameters
    ----------
    sex : "female", "male" or None
        ``None`` is the mean of both, or drawn where a seed draws the rest.
    age, bmi : float or None
        Years (18 to 100) and kg/m2 (15 to 60); ``None`` leaves the sizes of the phantom's file.
    """

    sex: Sex | None = None
    age: float | None = None
    bmi: float | None = None

    def __post_init__(self) -> None:
        if self.sex is not None and self.sex not in get_args(Sex):
            raise InputError(f"sex must be one of {get_args(Sex)} or None, got {self.sex!r}")
        for name, (low, high) in (("age", AGES_Y), ("bmi", BMIS)):
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float | np.number):
                raise InputError(f"{name} must be a number, got {value!r}")
            if not low <= value <= high:
                unit = "years" if name == "age" else "kg/m2"
                raise InputError(f"{name} must lie from {low:g} to {high:g} {unit}, got {value:g}")

    def __str__(self) -> str:
        parts: list[str] = [self.sex] if self.sex else []
        parts += [f"{self.age:g} years"] if self.age is not None else []
        parts += [f"BMI {self.bmi:g}"] if self.bmi is not None else []
        return ", ".join(parts)
