"""What is announced: everything, or in an exam nothing that a picture shows."""

from __future__ import annotations

import pytest

from needle_sim.views.front_end.said import said_of
from tests.rehearsal.driving import EPIDURAL, begun, followed


@pytest.mark.parametrize("exam", [True, False])
def test_an_exam_does_not_say_where_contrast_ran(exam):
    made = followed(without=["inject"])
    (act,) = [one for one in made.acts if one.do == "contrast"]
    again = begun()
    for one in made.acts:
        again.do(one.do, **one.given)
        if one is act:
            break
    said = said_of(again, exam=exam)
    assert said.startswith(f"{act.given['volume_ml']:g} mL contrast, ")
    assert ("stays" in said) is not exam


@pytest.mark.parametrize("exam", [True, False])
def test_an_exam_tells_angles_and_not_the_name_of_the_view(exam):
    made = begun()
    name, way = next(iter(made.scope.angles.items()))
    made.do("carm", orbital_deg=way[0], tilt_deg=way[1])
    made.do("shot")
    title = next(view.title for view in made.recipe.views if view.name == name)
    said = said_of(made, exam=exam)
    assert (said == title) is not exam
    if exam:
        assert title.lower() not in said.lower() or title == "AP"


def test_what_a_hand_meets_is_said_in_an_exam_too():
    made = followed(EPIDURAL, without=["contrast", "inject"])
    (at,) = [n for n, one in enumerate(made.acts) if one.do == "aspirate"]
    again = begun()
    for one in made.acts[: at + 1]:
        again.do(one.do, **one.given)
    assert said_of(again, exam=True) == again.said == "aspiration is clear"
