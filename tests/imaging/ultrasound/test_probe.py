from dataclasses import replace

import numpy as np
import pytest

from needle_sim.errors import InputError, PresetError
from needle_sim.imaging.ultrasound.probe import Probe

CURVED, LINEAR = Probe.preset("curved_3p5mhz"), Probe.preset("linear_9mhz")


def test_shipped_probes_have_the_size_of_their_kind():
    assert CURVED.field_deg == pytest.approx(70, abs=0.1)
    assert CURVED.footprint_mm == pytest.approx(2 * 60 * np.sin(np.radians(35)), rel=1e-3)
    assert (LINEAR.field_deg, LINEAR.footprint_mm) == (0, pytest.approx(38.4))
    assert CURVED.wavelength_mm == pytest.approx(0.44)


@pytest.mark.parametrize("probe", [CURVED, LINEAR])
def test_rays_start_on_the_face_from_the_marker_on(probe):
    starts, along = probe.rays(64)

    assert starts[0, 0] > 0 > starts[-1, 0]  # +x, the marker, comes first
    np.testing.assert_allclose(np.linalg.norm(along, axis=1), 1)
    np.testing.assert_allclose(starts[:, 0], -starts[::-1, 0], atol=1e-12)
    if probe.kind == "curved":
        to_centre = starts + np.array([0, 0, probe.radius_mm])
        np.testing.assert_allclose(np.linalg.norm(to_centre, axis=1), probe.radius_mm)


@pytest.mark.parametrize("probe", [CURVED, LINEAR])
@pytest.mark.parametrize("depth_mm", [0.0, 40.0])
def test_spacing_is_the_distance_of_neighbouring_lines(probe, depth_mm):
    starts, along = probe.rays(256)
    at = starts + depth_mm * along

    apart = np.linalg.norm(np.diff(at, axis=0), axis=1)

    np.testing.assert_allclose(apart, probe.spacing_mm(256, np.array(depth_mm)), rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"frequency_mhz": 0.0}, "frequency_mhz of a probe must be 0.5 to 30, got 0"),
        ({"radius_mm": 2.0}, "radius_mm 5 to 200, got 2"),
        ({"elements": 400}, "at most 170 can be drawn"),
        ({"kind": "linear"}, "a linear array has radius_mm 0, got 60"),
        ({"aperture": 200}, "aperture of a probe must be 4 to 128, got 200"),
    ],
)
def test_an_impossible_probe_is_refused(change, said):
    with pytest.raises(InputError, match=said):
        replace(CURVED, **change)


def test_an_unknown_probe_names_the_nearest():
    with pytest.raises(PresetError, match="did you mean 'curved_3p5mhz'"):
        Probe.preset("curved_3mhz")
