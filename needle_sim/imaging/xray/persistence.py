"""What of earlier pictures stays in the next: the detector's lag, the chain's recursive filter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from needle_sim.errors import InputError

Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Lag:
    """Charge that traps of the detector give back late, as a sum of exponentials.

    Parameters
    ----------
    shares : tuple of float
        Of the signal, per exponential; their sum is what is left in the first picture after a long
        exposure has stopped.
    decay_s : tuple of float, s
        Time after which each has fallen to 1/e.

    References
    ----------
    The linear, time-invariant sum of exponentials that Starman et al., "A nonlinear lag correction
    algorithm for a-Si flat-panel x-ray detectors" (Med Phys 2012), start from; not its dependence
    on exposure.
    """

    shares: tuple[float, ...] = ()
    decay_s: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.shares) != len(self.decay_s):
            raise InputError(f"each share of a lag has its decay_s, got {self}")
        if not (all(share >= 0 for share in self.shares) and sum(self.shares) < 1):
            raise InputError(f"shares of a lag are 0 or more and under 1 together, got {self}")
        if not all(decay > 0 for decay in self.decay_s):
            raise InputError(f"decay_s of a lag must be over 0, got {self}")


NO_LAG = Lag()
_MOST = 0.85  # weight of the newest picture where all has moved: a ghost is always left (proposed)


@dataclass(frozen=True, slots=True, eq=False)
class Trail:
    """What is kept from one picture to the next.

    ``read`` (R, C) is the last signal of the pulse itself, ``trapped`` what the traps of each
    exponential hold, ``shown`` the last picture on the screen; keV a pixel.
    """

    read: Image
    trapped: tuple[Image, ...]
    shown: Image


def persisted(
    signal: Image,
    before: Trail | None,
    *,
    lag: Lag = NO_LAG,
    weight: float = 1.0,
    motion: float = 0.0,
    dt_s: float,
) -> Trail:
    """The next picture on the screen, `Trail.shown`, from the signal of its pulse.

    Parameters
    ----------
    signal : (R, C) float32 array
        Of this pulse alone.
    before : Trail or None
        Of the picture before; without one the traps are in balance with this picture, as after a
        while of the same.
    lag : Lag
    weight : float
        Of the newest picture in the recursive filter; 1 is no filter. White noise falls to
        ``sqrt(weight / (2 - weight))``, and a thing that is gone leaves ``(1 - weight)**n`` of
        itself after n pictures.
    motion : float
        Where a place (3 x 3 pixels) differs from the screen by over so many standard deviations of
        noise, it is taken to have moved and the newest picture weighs more there: in full from
        twice as many. 0 sees no motion.
    dt_s : float, s
        Since the picture before.
    """
    if not 0 < weight <= 1:
        raise InputError(f"weight of the newest picture must be over 0 and at most 1, got {weight}")
    if before is None:
        return Trail(signal, tuple(signal for _ in lag.shares), signal)
    if not 0 <= motion <= 100:
        raise InputError(f"motion must be 0 to 100 standard deviations, got {motion}")
    if before.read.shape != signal.shape:
        raise InputError(
            f"pictures of a run keep their shape: {before.read.shape}, then {signal.shape}; "
            "start a new run after another field or mode"
        )
    if not dt_s > 0:
        raise InputError(f"time runs forward between pictures, got dt_s={dt_s}")
    trapped = tuple(
        before.read + np.float32(np.exp(-dt_s / decay)) * (held - before.read)
        for held, decay in zip(before.trapped, lag.decay_s, strict=True)
    )
    seen = np.float32(1.0 - sum(lag.shares)) * signal
    for share, held in zip(lag.shares, trapped, strict=True):
        seen = seen + np.float32(share) * held
    if weight < 1:
        seen = before.shown + _newest(seen - before.shown, seen, weight, motion)
    return Trail(signal, trapped, np.asarray(seen, dtype=np.float32))


def _newest(change: Image, signal: Image, weight: float, motion: float) -> Image:
    """What of a change (R, C) is shown: more of it where it is more than noise."""
    if motion == 0:
        return np.asarray(np.float32(weight) * change)
    level = np.sqrt(np.maximum(signal, np.float32(1e-3) * signal.mean()))  # noise is quantum noise
    rate = ndimage.uniform_filter(change, 3, mode="nearest") / level
    spread = np.float32(1.4826 * float(np.median(np.abs(rate))) + 1e-12)
    over = np.clip(np.abs(rate) / (np.float32(motion) * spread) - np.float32(1.0), 0.0, 1.0)
    return np.asarray((np.float32(weight) + np.float32(_MOST - weight) * over) * change)
