import numpy as np

from needle_sim.imaging.xray.skin_mask import body_of


def test_gas_inside_is_body_and_a_thin_sheet_beside_it_is_not():
    hu = np.full((60, 60), -1000)
    hu[10:40, 10:50] = 40
    hu[20:30, 20:30] = -900
    hu[50:52, :] = 100
    body = body_of(hu)
    assert body[25, 25]
    assert body[10:40, 10:50].sum() >= 0.98 * 30 * 40
    assert not body[50:52].any()
