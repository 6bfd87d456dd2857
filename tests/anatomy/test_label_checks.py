from __future__ import annotations

import pytest

from needle_sim.anatomy.label_checks import check_labels
from needle_sim.errors import InputError
from tests.anatomy.block_spine import column, labelled, scanned, spine


def test_what_the_numbers_rest_on_comes_first_then_doubts():
    heights = column(("L1", "L2", "L3", "L4"))
    del heights["L2"]
    array = spine(heights)
    first, second = check_labels(scanned(array), labelled(array))
    assert "rest on the label map alone" in first.text
    assert second.text == "not labelled between others: L2"


def test_a_map_that_is_no_spine_is_refused():
    array = spine(column(("L4", "L3", "L2")))
    with pytest.raises(InputError, match="the labels are out of order"):
        check_labels(scanned(array), labelled(array))
