"""`save_film`: a run as a moving picture: GIF or animated WebP, MP4 where ffmpeg is on the path."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from needle_sim.errors import InputError

FORMATS = ("gif", "webp", "mp4")
_LEAST_GIF_MS = 20  # browsers slow down what is faster


def check_film(name: str) -> None:
    """Refuse a format that cannot be written here."""
    if name not in FORMATS:
        raise InputError(f"a film is one of {', '.join(FORMATS)}, got {name!r}")
    if name == "mp4" and shutil.which("ffmpeg") is None:
        raise InputError("mp4 needs ffmpeg, which is not on the path: take gif or webp instead")


def save_film(pictures: NDArray[np.uint8], path: Path, *, rate_hz: float) -> Path:
    """Write pictures (T, R, C), 0 black to 255 white; the suffix of the path says the format."""
    frames = np.asarray(pictures)
    if frames.ndim != 3 or frames.dtype != np.uint8 or not len(frames):
        raise InputError(
            f"a film is (T, R, C) bytes, at least one picture; got {frames.shape} {frames.dtype}"
        )
    if not 0.1 <= rate_hz <= 60:
        raise InputError(f"rate_hz of a film must be 0.1 to 60, got {rate_hz}")
    kind = path.suffix.lstrip(".").lower()
    check_film(kind)
    if kind == "mp4":
        return _mp4(frames, path, rate_hz)
    first, *rest = (Image.fromarray(one) for one in frames)
    each_ms = round(1000.0 / rate_hz)
    each_ms = max(each_ms, _LEAST_GIF_MS) if kind == "gif" else each_ms
    how = {"quality": 85, "method": 2} if kind == "webp" else {"optimize": False}
    first.save(path, save_all=True, append_images=rest, duration=each_ms, loop=0, **how)
    return path


def _mp4(frames: NDArray[np.uint8], path: Path, rate_hz: float) -> Path:
    program = shutil.which("ffmpeg") or "ffmpeg"
    rows, columns = (side - side % 2 for side in frames.shape[1:])
    words = [program, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "gray",
             "-s", f"{columns}x{rows}", "-r", f"{rate_hz:g}", "-i", "-", "-an",
             "-pix_fmt", "yuv420p", str(path)]  # fmt: skip
    even = np.ascontiguousarray(frames[:, :rows, :columns]).tobytes()
    done = subprocess.run(words, input=even, capture_output=True, check=False)
    if done.returncode:
        raise InputError(
            f"ffmpeg could not write {path}: {done.stderr.decode(errors='replace').strip()}; "
            "take gif or webp instead"
        )
    return path
