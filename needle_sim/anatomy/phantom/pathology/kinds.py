"""Kinds of pathology by name, as a phantom file or a call gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any

from needle_sim.anatomy.phantom.pathology.compression import CompressionFracture
from needle_sim.anatomy.phantom.pathology.disc import DiscDegeneration
from needle_sim.anatomy.phantom.pathology.facets import FacetArthrosis, FacetTropism
from needle_sim.anatomy.phantom.pathology.flavum import FlavumHypertrophy
from needle_sim.anatomy.phantom.pathology.hardware import FusionHardware
from needle_sim.anatomy.phantom.pathology.kind import Pathology
from needle_sim.anatomy.phantom.pathology.laminectomy import Laminectomy
from needle_sim.anatomy.phantom.pathology.obesity import Obesity
from needle_sim.anatomy.phantom.pathology.osteoporosis import Osteoporosis
from needle_sim.anatomy.phantom.pathology.scoliosis import Scoliosis
from needle_sim.anatomy.phantom.pathology.slip import Spondylolisthesis, Spondylolysis
from needle_sim.anatomy.phantom.pathology.stenosis import CentralStenosis
from needle_sim.anatomy.phantom.pathology.transitional import TransitionalVertebra
from needle_sim.errors import InputError
from needle_sim.presets import nearest

_IN_ORDER: tuple[type[Pathology], ...] = (
    TransitionalVertebra,
    CompressionFracture,
    Spondylolisthesis,
    Spondylolysis,
    Scoliosis,
    Osteoporosis,
    DiscDegeneration,
    FacetTropism,
    FacetArthrosis,
    FlavumHypertrophy,
    CentralStenosis,
    Obesity,
    Laminectomy,
    FusionHardware,
)
"""First what turns and moves vertebrae, then what changes single ones and their discs and joints,
then the canal, then the build, and surgery at the end."""

KINDS: dict[str, type[Pathology]] = {one.kind: one for one in _IN_ORDER}
"""Kinds by name, in the order in which they are built into a spine."""


def pathology(kind: str, **given: Any) -> Pathology:
    """A pathology by the name of its kind.

    Parameters
    ----------
    kind : str
        ``"central_stenosis"``, ``"osteoporosis"`` ... (`KINDS`).
    **given : str, float or sequence of str
        Its place (``level``, ``levels``, ``side``) and its grades, each with its unit in the name.

    Raises
    ------
    InputError
        A kind or a key that is not known (with the nearest), or that is lacking.
    """
    if kind not in KINDS:
        raise InputError(
            f"no pathology is called {kind!r}"
            f"{nearest(str(kind), KINDS) or '; there are ' + ', '.join(KINDS)}"
        )
    noun = KINDS[kind]
    known = {one.name: one for one in fields(noun)}
    for key in given:
        if key not in known:
            raise InputError(f"{kind} has no {key!r}{nearest(key, known)}")
    for key, one in known.items():
        if key not in given and one.default is MISSING:
            raise InputError(f"{kind} needs {key}; it takes {', '.join(known)}")
    return noun(**{key: _value(f"{kind}.{key}", known[key].type, v) for key, v in given.items()})


def _value(name: str, wanted: Any, value: Any) -> Any:
    """A number, a word or words, whichever the field takes."""
    if wanted == "float":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{name} must be a number, got {value!r}")
        return float(value)
    if str(wanted).startswith("tuple"):
        if isinstance(value, str) or not all(isinstance(one, str) for one in value):
            raise InputError(f'{name} must be a list of words, like ["L4", "L5"], got {value!r}')
        return tuple(value)
    if not isinstance(value, str):
        raise InputError(f"{name} must be a word in quotes, got {value!r}")
    return value


def from_table(entries: Mapping[str, Any]) -> Pathology:
    """One ``[[pathology]]`` of a phantom file: numbers have value, source and mark."""
    if not isinstance(entries, Mapping) or "kind" not in entries:
        raise InputError(f"needs a kind, one of {', '.join(KINDS)}; got {entries!r}")
    given = {}
    for key, entry in entries.items():
        if isinstance(entry, int | float):
            raise InputError(f"{key} needs {{ value, source, mark }}, got {entry!r}")
        given[key] = entry["value"] if isinstance(entry, Mapping) and "value" in entry else entry
    return pathology(given.pop("kind"), **given)


def ordered(found: Iterable[Pathology | Mapping[str, Any]]) -> tuple[Pathology, ...]:
    """Pathologies in the order in which they are built; mappings name ``kind`` and the rest."""
    nouns = [
        one if isinstance(one, Pathology) else pathology(**{"kind": "", **one}) for one in found
    ]
    rank = list(KINDS)
    for one in nouns:
        if one.kind not in KINDS:
            raise InputError(f"no pathology is called {one.kind!r}; there are {', '.join(KINDS)}")
    twice = {(one.kind, one.where) for one in nouns}
    if len(twice) < len(nouns):
        raise InputError(
            "one kind of pathology was given twice for one place: "
            + ", ".join(f"{one.kind} {one.where}" for one in nouns)
            + "; name each once (a file's own are there already)"
        )
    return tuple(sorted(nouns, key=lambda one: rank.index(one.kind)))
