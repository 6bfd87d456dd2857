"""A reply is JSON and pixels in one message, and nothing else."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from needle_sim.errors import InputError
from needle_sim.views.front_end.reply import Picture, Reply


def test_a_packed_reply_is_read_back_to_the_byte():
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    reply = Reply({"n": 3, "error": None}, (Picture("sonogram", grey, {"mm_px": 0.2}),))

    packed = reply.packed()

    (size,) = struct.unpack_from("<I", packed)
    head = json.loads(packed[4 : 4 + size])
    assert head["n"] == 3
    assert head["pictures"] == [{"kind": "sonogram", "rows": 3, "columns": 4, "mm_px": 0.2}]
    assert packed[4 + size :] == grey.tobytes() == reply.buffers()[0]


def test_what_is_not_finite_never_leaves():
    with pytest.raises(ValueError, match="JSON"):
        Reply({"n": 1, "force": float("nan")}).packed()


@pytest.mark.parametrize("pixels", [np.zeros((3, 4)), np.zeros(5, np.uint8)])
def test_a_picture_is_grey_bytes(pixels):
    with pytest.raises(InputError, match="uint8"):
        Picture("sonogram", pixels)
