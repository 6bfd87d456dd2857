"""``needle-sim study FILE.toml``: a study from a file, in threads or on a cluster."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from needle_sim.cli.folder import HOME
from needle_sim.errors import InputError

if TYPE_CHECKING:
    from needle_sim.studies.result import StudyResult

_WAIT_S = 10.0
_MOST_ROWS = 60
_STOPPED = 130  # as shells say of a program that was interrupted
ALL_FAILED = 3


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the study, new or begun.")
@click.option("--threads", type=int, help="Threads.  [default: one a processor]")
@click.option("--cluster", metavar="ADDRESS", help="A dask scheduler instead, tcp://HOST:PORT.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, nothing else.")
def study(
    file: Path, out: Path | None, threads: int | None, cluster: str | None, as_json: bool
) -> None:
    """Carry out the study of FILE (docs/study_file.md): parameters times seeds, to one table.

    Finished parts are kept in the folder: after an interruption the same command goes on. Exit code
    0: done; 2: bad input; 3: every sample failed; 130: interrupted.

    \b
    needle-sim study angles.toml --out angles
    needle-sim study angles.toml --out angles --cluster tcp://10.0.0.7:8786
    """
    from needle_sim.progress import bar
    from needle_sim.studies.study import run_study
    from needle_sim.studies.study_file import read_study

    if cluster is not None and threads is not None:
        raise InputError("--cluster has its own workers: leave out --threads")
    asked = read_study(file)
    folder = HOME / f"study_{file.stem}" if out is None else out
    client = None if cluster is None else reached(cluster)
    try:
        result = run_study(
            asked.task,
            asked.parameters,
            seeds=asked.seeds,
            seed=asked.seed,
            settings=asked.settings,
            out=folder,
            executor=client,
            threads=threads,
            progress=bar("study"),
        )
    except KeyboardInterrupt:
        again = f"the same command goes on with what is missing in {folder}"
        click.echo(f"\nstopped; finished parts are kept, {again}", err=True)
        sys.exit(_STOPPED)
    finally:
        if client is not None:
            client.close()
    for note in result.notes:
        click.echo(f"note: {note}", err=True)
    told = _as_json(result, folder) if as_json else "\n".join(_in_words(result, folder))
    click.echo(told)
    if result.failed == len(result):
        sys.exit(ALL_FAILED)


def reached(address: str) -> Any:
    """A client of the dask scheduler at an address, with a worker; `InputError` within seconds."""
    from needle_sim.studies.cluster import client_of

    return client_of(address, wait_s=_WAIT_S)


def _as_json(result: StudyResult, folder: Path) -> str:
    from needle_sim.studies.identity import DISCLAIMER, SCHEMA

    content = result.identity.content
    rows = result.summary()
    told = {
        "schema": SCHEMA,
        "disclaimer": DISCLAIMER,
        **{name: content[name] for name in ("task", "parameters", "seeds", "seed", "settings")},
        "digest": result.identity.digest,
        "samples": len(result),
        "failed": result.failed,
        "reasons": result.reasons,
        "notes": list(result.notes),
        "table": str(folder / "table.parquet"),
        "summary": json.loads(rows.to_json(orient="records", double_precision=15)),
    }
    return json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False)


def _in_words(result: StudyResult, folder: Path) -> list[str]:
    from needle_sim.studies.identity import DISCLAIMER

    content, rows = result.identity.content, result.summary()
    count = f"{len(result)} samples, {content['seeds']} each, study seed {content['seed']}"
    lines = [f"Study of {content['task']}: {count}"]
    if len(rows):
        lines += ["", *_columns(rows.head(_MOST_ROWS).to_dict("records"), result.varying), ""]
    if len(rows) > _MOST_ROWS:
        lines.append(f"and {len(rows) - _MOST_ROWS} more rows with --json")
    if result.failed:
        lines.append(f"Failed        {result.failed} of {len(result)} samples")
        lines += [f"              {n}: {why}" for why, n in list(result.reasons.items())[:5]]
    return [*lines, f"Table         {folder / 'table.parquet'}", DISCLAIMER]


def _columns(rows: list[dict[str, Any]], names: tuple[str, ...]) -> list[str]:
    """Rows of a summary in columns: parameters, measure, n, mean and its interval."""
    cells = [[*names, "measure", "n", "mean", "95 % interval"]]
    for row in rows:
        low, high = _number(row["low"]), _number(row["high"])
        between = "-" if low == "-" or high == "-" else f"{low} to {high} ({row['interval']})"
        values = [_number(row[name]) for name in names]
        cells.append([*values, row["measure"], str(row["n"]), _number(row["mean"]), between])
    wide = [max(len(line[n]) for line in cells) for n in range(len(cells[0]))]
    return [
        "  ".join(one.ljust(w) for one, w in zip(line, wide, strict=True)).rstrip()
        for line in cells
    ]


def _number(value: Any) -> str:
    """A number short, a text as it is, what is unknown as a dash."""
    if value is None or value != value:  # noqa: PLR0124  (not a number)
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
