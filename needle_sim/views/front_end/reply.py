"""`Picture` and `Reply`: what a console sends to a page: words as JSON, pictures as raw bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One grey picture as drawn, 0 black to 255 white, with what the page writes beside it.

    Parameters
    ----------
    kind : str
        ``"fluoroscopy"``, ``"contrast"`` or ``"sonogram"``.
    pixels : (R, C) uint8 array
    head : mapping
        JSON of the picture: scale, marker, settings, overlays.
    """

    kind: str
    pixels: NDArray[np.uint8]
    head: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2 or self.pixels.dtype != np.uint8:
            raise InputError(
                f"a picture is a (R, C) array of uint8, got {self.pixels.shape} {self.pixels.dtype}"
            )

    def entry(self) -> dict[str, Any]:
        """Its line in a reply."""
        rows, columns = self.pixels.shape
        return {"kind": self.kind, "rows": rows, "columns": columns, **self.head}


@dataclass(frozen=True, slots=True, eq=False)
class Reply:
    """The answer to one message: ``content`` is JSON, its pictures follow as bytes, in order."""

    content: Mapping[str, Any]
    pictures: tuple[Picture, ...] = ()

    def message(self) -> dict[str, Any]:
        """The JSON with a line for each picture."""
        return {**self.content, "pictures": [one.entry() for one in self.pictures]}

    def buffers(self) -> list[bytes]:
        """The pixels, row by row."""
        return [one.pixels.tobytes() for one in self.pictures]

    def packed(self) -> bytes:
        """One binary message: length of the JSON (4 bytes, little endian), JSON, pixels."""
        head = json.dumps(self.message(), allow_nan=False, separators=(",", ":")).encode()
        return b"".join([struct.pack("<I", len(head)), head, *self.buffers()])
