"""`Step`: one thing that an operator does, as a recipe says it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from needle_sim.errors import InputError
from needle_sim.presets import nearest

Do = Literal["view", "advance", "aspirate", "contrast", "inject", "heat"]
_NEEDS: dict[str, tuple[str, ...]] = {
    "view": ("view",),
    "advance": ("to",),
    "aspirate": (),
    "contrast": ("view", "mode", "agent", "volume_ml"),
    "inject": ("agent", "volume_ml"),
    "heat": (),
}
MOST_ML = 20.0


@dataclass(frozen=True, slots=True)
class Step:
    """One step; each kind has its own keys and takes no others.

    Parameters
    ----------
    do : str
        ``view`` (key ``view``), ``advance`` (``to``: ``danger`` or ``target``), ``aspirate``,
        ``contrast`` (``view``, ``mode``: ``single``, ``live`` or ``dsa``, ``agent``,
        ``volume_ml``), ``inject`` (``agent``, ``volume_ml``), ``heat``.
    """

    do: Do
    view: str | None = None
    to: Literal["danger", "target"] | None = None
    mode: Literal["single", "live", "dsa"] | None = None
    agent: str | None = None
    volume_ml: float | None = None

    def __post_init__(self) -> None:
        if self.do not in _NEEDS:
            raise InputError(f"no step does {self.do!r}{nearest(self.do, _NEEDS)}")
        needed = _NEEDS[self.do]
        for one in fields(self):
            given = getattr(self, one.name) is not None
            if one.name != "do" and given != (one.name in needed):
                said = "needs" if one.name in needed else "takes no"
                raise InputError(f"a step that does {self.do!r} {said} key {one.name!r}")
        if self.volume_ml is not None and not 0.05 <= self.volume_ml <= MOST_ML:
            raise InputError(f"volume_ml must be 0.05 to {MOST_ML:g} mL, got {self.volume_ml}")
