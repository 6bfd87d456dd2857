"""The average adult of ``python -m validation fluoroscopy_dose``, with the same bounds."""

import pytest

from validation.fluoroscopy_dose import faults, measured


@pytest.mark.long
def test_a_transforaminal_injection_costs_what_is_published():
    """5-20 mGy/min postero-anteriorly, lateral 2-4 times that, 0.3-3 Gy cm2 in 10-60 s."""
    assert list(faults(measured(24.5))) == []
