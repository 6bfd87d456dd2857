"""Every shipped phantom for every seed: a person drawn from it can be built, with what it has.

Shapes alone, without voxels: one to six seconds a person.
"""

from __future__ import annotations

from collections.abc import Iterator

from needle_sim.anatomy.phantom.build import drafted
from needle_sim.anatomy.phantom.person import Person, Sex
from needle_sim.anatomy.phantom.spec import generator, phantom_names, spine_spec
from needle_sim.errors import NeedleSimError

SEEDS = 31
SEXES: tuple[Sex, ...] = ("female", "male")


def refused(name: str, seed: int, person: Person) -> str:
    """Why a person of a phantom cannot be built; empty where nothing stands against it."""
    try:
        drafted(spine_spec(name, rng=generator(seed), person=person))
    except NeedleSimError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def faults(name: str, seeds: range, sexes: tuple[Person, ...] = (Person(),)) -> Iterator[str]:
    """Each refused person of a phantom, and why."""
    for seed in seeds:
        for person in sexes:
            why = refused(name, seed, person)
            if why:
                yield f"  {name} seed {seed} {str(person) or 'sex drawn'}: {why}"


def main(arguments: list[str]) -> int:
    """``python -m validation phantom_seeds [sexes] [N] [NAME ...]``: seeds 0 to N - 1 (31), with
    ``sexes`` a woman and a man of each; 1 where one is refused."""
    numbers = [int(one) for one in arguments if one.isdigit()]
    given = [one for one in arguments if not one.isdigit() and one != "sexes"]
    seeds = range(numbers[0] if numbers else SEEDS)
    people = tuple(Person(one) for one in SEXES) if "sexes" in arguments else (Person(),)
    total = 0
    for name in given or phantom_names():
        found = list(faults(name, seeds, people))
        total += len(found)
        print(f"{name}: {len(found)} of {len(seeds) * len(people)} refused", flush=True)
        for line in found:
            print(line, flush=True)
    print(f"{total} refused")
    return 1 if total else 0
