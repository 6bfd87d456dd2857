"""Everything that is asked of a label map before a spine is fitted to it."""

from __future__ import annotations

from needle_sim.anatomy.anchor import anchor_of
from needle_sim.anatomy.label_column import LabelColumn, check_column
from needle_sim.anatomy.label_sides import check_sides
from needle_sim.volume.volume import Note, Volume


def check_labels(ct: Volume, labels: Volume) -> tuple[Note, ...]:
    """What the numbers rest on, and what is doubtful.

    Parameters
    ----------
    ct, labels : Volume
        On one grid; labels in the numbers of `needle_sim.volume.label_names.LABEL_NAMES`.

    Raises
    ------
    InputError
        Vertebrae are out of order, two have one label, the numbers jump, or left and right are
        swapped.
    """
    column = check_column(LabelColumn.of(labels))
    sides = check_sides(ct, labels)
    return (*anchor_of(labels).notes(), *column, *sides)
