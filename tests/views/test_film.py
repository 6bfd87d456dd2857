"""Films: as many pictures as were given, at their rate; what cannot be written is said."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from needle_sim.errors import InputError
from needle_sim.views.film import check_film, save_film

PICTURES = np.random.default_rng(0).integers(0, 256, (4, 40, 50)).astype(np.uint8)


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_a_film_holds_its_pictures_at_their_rate(kind, tmp_path):
    with Image.open(save_film(PICTURES, tmp_path / f"run.{kind}", rate_hz=10.0)) as film:
        assert film.n_frames == len(PICTURES)
        assert film.size == (50, 40)
        film.seek(1)
        film.load()
        assert film.info["duration"] == 100
        near = np.abs(np.asarray(film.convert("L"), float) - PICTURES[1]).mean()
        far = np.abs(np.asarray(film.convert("L"), float) - PICTURES[3]).mean()
    assert near < 0.5 * far


def test_what_is_no_film_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="mp4 needs ffmpeg"):
        check_film("mp4")
    with pytest.raises(InputError, match="one of gif, webp, mp4, got 'avi'"):
        save_film(PICTURES, tmp_path / "run.avi", rate_hz=5.0)
    with pytest.raises(InputError, match="bytes, at least one"):
        save_film(PICTURES.astype(float), tmp_path / "run.gif", rate_hz=5.0)
    with pytest.raises(InputError, match=r"0\.1 to 60, got 0"):
        save_film(PICTURES, tmp_path / "run.gif", rate_hz=0.0)
