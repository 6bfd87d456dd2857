"""`Pace`: how many samples a chunk takes, so that it lasts about a second."""

from __future__ import annotations

from dataclasses import dataclass

SHORTEST_S, WANTED_S, LONGEST_S = 0.5, 1.0, 2.0
_STEP = 8
_MOST = 50_000


@dataclass(slots=True)
class Pace:
    """Starts at one sample and follows what finished chunks took; results do not depend on it."""

    workers: int
    size: int = 1

    def next(self, left: int) -> int:
        """Samples of the next chunk, of those that are left: towards the end fewer for each."""
        share = -(-left // (2 * self.workers))
        return max(1, min(self.size, left, max(share, self.size // _STEP)))

    def learn(self, samples: int, seconds: float) -> None:
        """A chunk of so many samples took so long."""
        if SHORTEST_S <= seconds <= LONGEST_S and samples >= self.size:
            return
        if seconds < SHORTEST_S and samples < self.size:
            return  # a small one at the end, or from before: says nothing new
        wanted = samples * WANTED_S / max(seconds, 1e-6)
        least, most = max(1, self.size // _STEP), min(_MOST, self.size * _STEP)
        self.size = int(max(least, min(wanted, most)))
