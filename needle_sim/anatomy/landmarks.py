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
    "mamillary_tip",
    "accessory_tip",
    "tp_root_upper",
    "tp_tip",
    "tp_tip_upper",
    "tp_tip_lower",
    "pars_isthmus",
    "facet_centre",
    "joint_below_centre",
    "joint_below_dorsal",
    "joint_below_ventral",
    "joint_below_inferior",
    "lamina_upper_edge",
    "lamina_lower_edge",
    "lamina_ventral_upper",
    "lamina_ventral_lower",
    "pedicle_centre",
    "pedicle_6_oclock",
    "pedicle_12_oclock",
    "pedicle_medial",
    "pedicle_lateral",
    "foramen_centre",
    "foramen_upper_dorsal",
    "foramen_upper_ventral",
    "foramen_lower_dorsal",
    "foramen_lower_ventral",
    "lateral_recess",
    "kambin",
    "sap_base_lateral",
    *(
        f"{end}_endplate_{place}"
        for end in ("superior", "inferior")
        for place in ("anterolateral", "posterolateral")
    ),
    "body_lateral",
    "body_anterolateral",
)
OF_A_RIB = ("costal_facet",)
"""On each side of a vertebra that bears ribs."""
MIDLINE = (
    "canal_centre",
    *(
        f"{end}_endplate_{place}"
        for end in ("superior", "inferior")
        for place in ("anterior", "posterior", "left", "right", "centre")
    ),
    "body_anterior",
    "body_posterior",
    "spinous_tip",
    "spinolaminar_junction",
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
    "promontory",
    *(f"median_crest_s{n}" for n in (1, 2, 3)),
    "hiatus_apex",
)
"""In the midline."""
OF_A_SIDE_OF_THE_SACRUM = (
    "sap_tip",
    "sap_tp_junction",
    "ala_notch",
    "mamillary_tip",
    "mamillo_accessory_notch",
    "sap_neck_ventral",
    "sap_neck_dorsal",
    "sap_base_lateral",
    "facet_centre",
    "lamina_upper_edge",
    "lamina_ventral_upper",
    "kambin",
    *(f"s{n}_foramen_{face}" for n in (1, 2, 3, 4) for face in ("dorsal", "ventral")),
    *(f"si_joint_{place}" for place in ("upper", "middle", "lower", "dorsal_lower")),
    "sacral_cornu",
)


def landmark_names() -> tuple[str, ...]:
    """Every landmark of a vertebra, those of a side with ``right`` or ``left`` before them."""
    sided = (f"{side} {name}" for side in ("right", "left") for name in OF_A_SIDE)
    return (*MIDLINE, *sided)


def sacral_landmark_names() -> tuple[str, ...]:
    """Every landmark of the sacrum, in the same way."""
    of_a_side = OF_A_SIDE_OF_THE_SACRUM
    sided = (f"{side} {name}" for side in ("right", "left") for name in of_a_side)
    return (*OF_THE_SACRUM, *sided)


def placed(
    vertebra: str, landmarks_mm: Mapping[str, NDArray[Any]], patient_from_body: Transform
) -> dict[str, NDArray[np.float64]]:
    """Landmarks (3,) of a body frame as ``"L5 right sap_tip"``, patient LPS."""
    return {
        f"{vertebra} {name}": patient_from_body.apply(point) for name, point in landmarks_mm.items()
    }
