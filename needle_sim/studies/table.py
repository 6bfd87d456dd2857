"""Tables of samples: one row each, in Arrow; the only shape in which results travel and rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from needle_sim.errors import InputError, MissingExtraError, NeedleSimError
from needle_sim.studies.design import RESERVED, Samples

ROWS_A_GROUP = 100_000


def arrow() -> Any:
    """pyarrow, or the extra that brings it."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError(
            "studies need pandas and pyarrow: pip install 'needle_sim[studies]'"
        ) from error
    return pyarrow


def answered(samples: Samples, answer: Any) -> Any:
    """The table of samples that a task answered.

    Parameters
    ----------
    answer : mapping of str to sequence, or sequence of mappings
        Columns, or a row for each sample: flat, of bool, int, float, str and None.

    Raises
    ------
    InputError
        Not one value for each sample, a value of another kind, or one that is not finite.
    """
    columns = _columns(samples, answer)
    parameters = _parameters(samples)
    for name in set(columns) & set(parameters):
        asked = parameters[name].to_pylist()
        if list(columns[name]) != asked:
            raise InputError(f"the task says {name} = {columns[name][0]!r}, the study {asked[0]!r}")
    results = {name: _plain(name, one) for name, one in columns.items() if name not in parameters}
    return _table(samples, parameters, results, arrow().nulls(len(samples), "string"))


def failed(samples: Samples, reasons: Sequence[str]) -> Any:
    """The table of samples without an answer, and why."""
    pa = arrow()
    return _table(samples, _parameters(samples), {}, pa.array(reasons, pa.string()))


def joined(tables: Sequence[Any]) -> Any:
    """One table of several, in the order of their samples; an index that comes twice counts once.

    A column that one table lacks is unknown there; whole numbers join fractions.
    """
    pa = arrow()
    ordered = sorted(tables, key=lambda one: one["index"][0].as_py())
    try:
        found = pa.concat_tables(ordered, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise InputError(_clash(ordered)) from error
    index = found["index"].to_numpy()
    if len(index) and not (np.diff(index) > 0).all():
        found = found.take(np.unique(index, return_index=True)[1])
    names = [name for name in found.column_names if name != "failed"]
    return found.select([*names, "failed"]).combine_chunks()


def parquet(table: Any, *, digest: str) -> bytes:
    """The table as a Parquet file: the same bytes for the same rows."""
    pa = arrow()
    sink = pa.BufferOutputStream()
    named = table.replace_schema_metadata({"needle_sim.study": digest})
    pa.parquet.write_table(
        named,
        sink,
        compression="zstd",
        row_group_size=ROWS_A_GROUP,
        write_page_checksum=True,
    )
    return bytes(sink.getvalue().to_pybytes())


def read_parquet(data: bytes, *, digest: str) -> Any:
    """The table of a file that `parquet` made for this study; `NeedleSimError` where not."""
    pa = arrow()
    try:
        table = pa.parquet.read_table(
            pa.BufferReader(data), page_checksum_verification=True, use_threads=False
        )
    except (pa.ArrowException, OSError) as error:
        raise NeedleSimError(f"no whole Parquet file: {error}") from error
    told = (table.schema.metadata or {}).get(b"needle_sim.study", b"").decode()
    if told != digest:
        raise NeedleSimError("of another study")
    index = table["index"].to_numpy() if "index" in table.column_names else np.empty(0)
    if len(index) == 0 or not (np.diff(index) == 1).all() or "failed" not in table.column_names:
        raise NeedleSimError("its samples do not follow each other")
    return table.replace_schema_metadata(None)


def _table(samples: Samples, parameters: Any, results: Any, reasons: Any) -> Any:
    pa = arrow()
    index = samples.indices
    columns = {
        "index": pa.array(index),
        "repeat": pa.array(index % samples.design.seeds),
        **parameters,
        **{name: _array(name, one) for name, one in results.items()},
        "failed": reasons,
    }
    return pa.table(columns)


def _parameters(samples: Samples) -> dict[str, Any]:
    """A column for each parameter, made of runs."""
    pa = arrow()
    runs = [(parameters, len(some)) for parameters, some in samples.by_point()]
    return {
        name: pa.concat_arrays([pa.repeat(pa.scalar(one[name]), n) for one, n in runs])
        for name in samples.design.parameters
    }


def _columns(samples: Samples, answer: Any) -> dict[str, Any]:
    n = len(samples)
    if not isinstance(answer, Mapping):
        rows = list(answer) if isinstance(answer, Sequence) else None
        if rows is None or len(rows) != n or not all(isinstance(one, Mapping) for one in rows):
            raise InputError(
                f"a task returns columns, or one row (a dict) for each of its {n} samples; got "
                f"{type(answer).__name__}{'' if rows is None else f' of {len(rows)}'}"
            )
        names = dict.fromkeys(name for row in rows for name in row)
        answer = {name: [row.get(name) for row in rows] for name in names}
    for name, one in answer.items():
        if not isinstance(name, str) or name in RESERVED:
            raise InputError(f"a column must be named, and not {', '.join(RESERVED)}: got {name!r}")
        if np.ndim(one) != 1 or len(one) != n:
            raise InputError(f"{name} must be {n} values, one a sample, got shape {np.shape(one)}")
    return dict(answer)


def _plain(name: str, values: Any) -> Any:
    """Values with NumPy's scalars as Python's; what is not finite or not flat is refused."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise InputError(f"{name} is not finite; what is unknown is None")
        wide = {"f": np.float64, "i": np.int64, "u": np.int64, "b": np.bool_}
        return values.astype(wide[values.dtype.kind])
    found = [one.item() if isinstance(one, np.generic) else one for one in values]
    for one in found:
        if one is not None and not isinstance(one, bool | int | float | str):
            raise InputError(f"{name} holds a {type(one).__name__}; a column is flat: one scalar")
        if isinstance(one, float) and not np.isfinite(one):
            raise InputError(f"{name} is {one}; what is unknown is None")
    return found


def _array(name: str, values: Any) -> Any:
    pa = arrow()
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError) as error:
        raise InputError(f"{name} cannot be a column: {error}") from error


def _clash(tables: Sequence[Any]) -> str:
    """Which column changes its kind, and where."""
    first: dict[str, tuple[Any, int]] = {}
    for table in tables:
        at = table["index"][0].as_py()
        for field in table.schema:
            known, where = first.setdefault(field.name, (field.type, at))
            if str(known) == "null":
                first[field.name] = field.type, at
            elif known != field.type and not {str(known), str(field.type)} <= _JOIN:
                return (
                    f"the column {field.name} is {known} at sample {where} and {field.type} at "
                    f"sample {at}; a task must keep to one kind"
                )
    return "the columns of two samples do not fit together; a task must keep to one kind"


_JOIN = {"null", "int64", "double"}
