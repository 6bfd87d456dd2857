"""The command line: click, one file a command: parse, call a verb, print.

Exit codes: 0 done, 2 bad input, 3 no safe plan (the report is still written).
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import click

from needle_sim import __version__
from needle_sim.cli.anatomy import anatomy
from needle_sim.cli.dataset import dataset
from needle_sim.cli.fluoro import fluoro
from needle_sim.cli.info import info
from needle_sim.cli.list_presets import list_presets
from needle_sim.cli.phantom import phantom
from needle_sim.cli.rehearse import rehearse
from needle_sim.cli.run import run
from needle_sim.cli.study import study
from needle_sim.cli.us import us
from needle_sim.errors import NeedleSimError


class _OneLine(click.Group):
    """Shows our own errors, and those of the file system, as one line; ``--debug`` as they are."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # the reader went away (a pager, `head`): nothing more to say, not even on exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except (NeedleSimError, OSError, MemoryError) as error:
            if ctx.params.get("debug"):
                raise
            text = " ".join(str(error).split()) or type(error).__name__
            click.echo(f"error: {text}", err=True)
            ctx.exit(2)


@click.group(cls=_OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="needle-sim")
@click.option("--debug", is_flag=True, help="Show tracebacks and the log.")
def main(debug: bool) -> None:
    """Needle procedures on the spine, simulated as one chain.

    CT or phantom, anatomy with targets, fluoroscopy, needle, RF lesion, score, report.
    For rehearsal and research. Not for clinical use.
    """
    logging.basicConfig(level=logging.INFO if debug else logging.ERROR, stream=sys.stderr)


main.add_command(run)
main.add_command(rehearse)
main.add_command(us)
main.add_command(fluoro)
main.add_command(dataset)
main.add_command(study)
main.add_command(anatomy)
main.add_command(phantom)
main.add_command(info)
main.add_command(list_presets)
