"""`Protocol`: what the generator is told to do, a sequence of steps."""

from __future__ import annotations

from dataclasses import dataclass

from needle_sim import presets
from needle_sim.errors import InputError, PresetError


@dataclass(frozen=True, slots=True)
class Continuous:
    """Hold the sensor at a temperature.

    Parameters
    ----------
    set_c : float, °C
        Set point.
    duration_s : float, s
        Time at the set point: the generator's clock starts at the end of the ramp.
    ramp_s : float, s
        Straight rise of the set point from the sensor's temperature.
    limit_w, limit_v : float, W and V (root mean square)
        What the generator can give at most.
    """

    set_c: float
    duration_s: float
    ramp_s: float = 15.0
    limit_w: float = 30.0
    limit_v: float = 100.0

    def __post_init__(self) -> None:
        if not 40 <= self.set_c <= 95:
            raise InputError(
                f"set_c must be 40 to 95 °C (above, tissue chars and boils), got {self.set_c}"
            )
        for name in ("duration_s", "limit_w", "limit_v"):
            if not 0 < getattr(self, name) <= 3600:
                raise InputError(f"{name} must be positive, got {getattr(self, name)}")
        if not 0 <= self.ramp_s <= 600:
            raise InputError(f"ramp_s must be 0 to 600 s, got {self.ramp_s}")

    @property
    def total_s(self) -> float:
        """Ramp and hold."""
        return self.ramp_s + self.duration_s


Step = Continuous
"""Any step of a protocol; a preset names the class in ``kind``."""

_KINDS: dict[str, type[Step]] = {"continuous": Continuous}


@dataclass(frozen=True, slots=True)
class Protocol:
    """Steps in order; ``sensor_mm`` is the distance of the thermocouple behind the point."""

    steps: tuple[Step, ...]
    sensor_mm: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", tuple(self.steps))
        if not self.steps:
            raise InputError("a protocol needs at least one step")
        if not 0 < self.sensor_mm <= 20:
            raise InputError(f"sensor_mm must be 0 to 20 mm behind the tip, got {self.sensor_mm}")

    @property
    def total_s(self) -> float:
        """Time of all steps, ramps included."""
        return sum(step.total_s for step in self.steps)

    @classmethod
    def preset(cls, name: str) -> Protocol:
        """A shipped protocol by name; ``needle-sim list protocols`` shows them."""
        entries = presets.table("protocols", name)
        where = f"protocols.toml: {name}"
        known = {"steps", "sensor_mm", "summary", "source", "mark"}
        for key in entries:
            if key not in known:
                raise PresetError(f"{where}.{key} is not a known key{presets.nearest(key, known)}")
        steps = []
        for index, step in enumerate(entries.get("steps", [])):
            place = f"{where}.steps[{index}]"
            kind = step.get("kind")
            if kind not in _KINDS:
                raise PresetError(f"{place}.kind {kind!r}{presets.nearest(str(kind), _KINDS)}")
            rest = {key: value for key, value in step.items() if key != "kind"}
            presets.numbers(rest)
            steps.append(presets.into(_KINDS[kind], rest, where=place))
        return cls(tuple(steps), **presets.plain({"sensor_mm": entries["sensor_mm"]}))
