"""Names of bony landmarks, and the landmarks of a vertebra carried into the patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_sim.geometry.transform import Transform

OF_A_SIDE = (
    "sap_tip",
    "iap_tip",
    "sap_tp_junction",
    "mamillo_accessory_notch",
    "sap_neck_ventral",
    "sap_neck_dorsal",
    "tp_root_upper",
    "tp_tip",
    "facet_centre",
    "joint_below_centre",
    "joint_below_dorsal",
    "joint_below_ventral",
    "joint_below_inferior",
    "lamina_upper_edge",
    "lamina_lower_edge",
    "pedicle_centre",
    "pedicle_6_oclock",
    "pedicle_12_oclock",
    "pedicle_medial",
    "pedicle_lateral",
    "foramen_centre",
    "foramen_upper_dorsal",
    "kambin",
    "sap_base_lateral",
)
MIDLINE = (
    "canal_centre",
    *(
        f"{end}_endplate_{place}"
        for end in ("superior", "inferior")
        for place in ("anterior", "posterior", "left", "right", "centre")
    ),
    "spinous_tip",
    "lamina_lower_edge",
    "lamina_upper_edge",
    "lamina_ventral_lower",
    "lamina_ventral_upper",
)
OF_THE_SACRUM = (
    *(
        f"superior_endplate_{place}"
        for place in ("anterior", "posterior", "left", "right", "centre")
    ),
    "canal_centre",
    "lamina_upper_edge",
    "lamina_ventral_upper",
)
"""Midline landmarks that S1 has; beside them it has those of a superior articular process."""


def landmark_names() -> tuple[str, ...]:
    """Every landmark of a vertebra, those of a side with ``right`` or ``left`` before them."""
    sided = (f"{side} {name}" for side in ("right", "left") for name in OF_A_SIDE)
    return (*MIDLINE, *sided)


def placed(
    vertebra: str, landmarks_mm: Mapping[str, NDArray[Any]], patient_from_body: Transform
) -> dict[str, NDArray[np.float64]]:
    """Landmarks (3,) of a body frame as ``"L5 right sap_tip"``, patient LPS."""
    return {
        f"{vertebra} {name}": patient_from_body.apply(point) for name, point in landmarks_mm.items()
    }
