"""`StudyResult`: the table of a study, its means with intervals, its figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from needle_sim import presets
from needle_sim.errors import InputError
from needle_sim.shown import Shown
from needle_sim.studies.design import RESERVED
from needle_sim.studies.identity import DISCLAIMER, Identity
from needle_sim.studies.intervals import interval

_MOST_SHOWN = 30
_MEASURED = ("double", "int64", "bool")


@dataclass(frozen=True, slots=True, eq=False)
class StudyResult(Shown):
    """What `run_study` returns.

    Parameters
    ----------
    table : pyarrow.Table
        One row a sample, sorted: ``index``, ``repeat`` (which of the seeds), the parameters, what
        the task answered, and ``failed``: the reason where a sample has no answer, else null.
    identity : Identity
        Task, parameters, seeds, settings, versions.
    parameters : tuple of str
        Columns that are parameters.
    notes : tuple of str
        Parts of the folder that could not be used.
    """

    table: Any
    identity: Identity
    parameters: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def failed(self) -> int:
        """Samples without an answer."""
        return len(self) - int(self.table["failed"].null_count)

    @property
    def reasons(self) -> Mapping[str, int]:
        """Why samples failed, and how many of them, most first."""
        said = (one for one in self.table["failed"].to_pylist() if one is not None)
        return dict(Counter(said).most_common())

    @property
    def varying(self) -> tuple[str, ...]:
        """Parameters with more than one value."""
        values = self.identity.content["parameters"]
        return tuple(name for name in self.parameters if len(values[name]) > 1)

    @property
    def measures(self) -> tuple[str, ...]:
        """Columns of numbers and yes/no that the task answered."""
        own = {*RESERVED, *self.parameters, "seed"}
        return tuple(f.name for f in self.table.schema if f.name not in own and _measured(f))

    def to_pandas(self) -> Any:
        """The table as a pandas DataFrame; what is unknown is missing (NaN or None) there."""
        return self.table.to_pandas()

    def summary(
        self, *, by: str | Sequence[str] | None = None, of: str | Sequence[str] | None = None
    ) -> Any:
        """Mean of each measure for each combination of parameters, with its 95 % interval.

        Parameters
        ----------
        by : str or sequence of str, optional
            Parameters to tell apart; by default those that vary.
        of : str or sequence of str, optional
            Columns to summarise; by default every number and yes/no of the task.

        Returns
        -------
        pandas.DataFrame
            ``by``, then ``measure, n, mean, low, high, interval, failed``. The mean of a yes/no is
            its share with Wilson's interval, of a number Student's t. ``n`` counts the samples
            that know the measure, ``failed`` those without any answer.
        """
        import pandas as pd

        names = _listed(by, self.varying, self.parameters, "parameter")
        measures = _listed(of, self.measures, self.measures, "measure")
        frame = self.to_pandas()
        groups = frame.groupby(names, sort=False) if names else [((), frame)]
        rows = []
        for key, group in groups:
            fails = int(group["failed"].notna().sum())
            for measure in measures:
                found = interval(_known(group[measure], self.table.schema.field(measure)))
                rows.append(
                    {
                        **dict(zip(names, key, strict=True)),
                        "measure": measure,
                        "n": found.n,
                        "mean": found.mean,
                        "low": found.low,
                        "high": found.high,
                        "interval": found.method,
                        "failed": fails,
                    }
                )
        return pd.DataFrame(rows)

    def facts(self) -> dict[str, str]:
        """What a notebook shows."""
        content = self.identity.content
        shown = {
            "task": str(content["task"]),
            "samples": str(len(self)),
            "failed": str(self.failed),
            "seeds": f"{content['seeds']} each, study seed {content['seed']}",
        }
        shown.update({name: _some(content["parameters"][name]) for name in self.parameters})
        shown.update({f"note {n}": note for n, note in enumerate(self.notes, start=1)})
        shown[""] = DISCLAIMER
        return shown

    def _repr_html_(self) -> str:
        found = self.summary()
        cut = len(found) > _MOST_SHOWN
        more = f"<p>{len(found) - _MOST_SHOWN} more rows: .summary()</p>" if cut else ""
        table = found.head(_MOST_SHOWN).to_html(index=False, float_format="%.4g")  # escapes text
        return f"{Shown._repr_html_(self)}{table}{more}"


def _measured(field: Any) -> bool:
    return str(field.type) in _MEASURED


def _known(values: Any, field: Any) -> Any:
    """The values of a column that are known, as numbers or as yes/no."""
    there = values.dropna()
    return np.asarray(there, dtype=np.bool_ if str(field.type) == "bool" else np.float64)


def _listed(
    asked: str | Sequence[str] | None, usual: Sequence[str], known: Sequence[str], what: str
) -> list[str]:
    names = list(usual) if asked is None else [asked] if isinstance(asked, str) else list(asked)
    for name in names:
        if name not in known:
            raise InputError(f"{name} is no {what} of this study{presets.nearest(name, known)}")
    return names


def _some(values: Sequence[Any]) -> str:
    said = ", ".join(f"{one:g}" if isinstance(one, float) else str(one) for one in values[:8])
    return f"{said} ..." if len(values) > 8 else said
