"""Pictures in, pictures out: point spreads and a bent picture."""

import math

import numpy as np

from needle_sim.jit import kernel


@kernel
def spread(image, taps, weight, start, stop, line, out):
    """Separable sums with ``taps`` (2 reach + 1), the edge going on, times ``weight``.

    Adds to ``out[start:stop]``. ``line`` (columns + 2 reach) is scratch.
    """
    rows, columns = image.shape
    reach = taps.shape[0] // 2
    middle = line[reach : reach + columns]
    for r in range(start, stop):
        middle[:] = 0.0
        for k in range(taps.shape[0]):
            tap, row = taps[k] * weight, image[min(max(r + k - reach, 0), rows - 1)]
            for c in range(columns):
                middle[c] += tap * row[c]
        line[:reach] = middle[0]
        line[reach + columns :] = middle[columns - 1]
        into = out[r]
        for k in range(taps.shape[0]):
            tap, row = taps[k], line[k : k + columns]
            for c in range(columns):
                into[c] += tap * row[c]


@kernel
def bent(image, at_row, at_column, gain, phases, start, stop, out):
    """``image`` read at places (R, C), times ``gain`` (R, C), 0 where that is 0.

    ``phases`` (P + 1, 6) are the weights of six pixels, 2 before the place and 3 behind, by the
    fraction of a pixel. The edge goes on.
    """
    rows, columns = image.shape
    steps = phases.shape[0] - 1
    for r in range(start, stop):
        for c in range(out.shape[1]):
            if gain[r, c] == 0.0:
                out[r, c] = 0.0
                continue
            y, x = at_row[r, c], at_column[r, c]
            i, j = math.floor(y), math.floor(x)
            down = phases[int((y - i) * steps + 0.5)]
            along = phases[int((x - j) * steps + 0.5)]
            total = np.float32(0.0)
            for m in range(6):
                row = image[min(max(i + m - 2, 0), rows - 1)]
                part = np.float32(0.0)
                for n in range(6):
                    part += along[n] * row[min(max(j + n - 2, 0), columns - 1)]
                total += down[m] * part
            out[r, c] = total * gain[r, c]
