"""A dask cluster by its address: reached with workers, or a clear word within seconds."""

from __future__ import annotations

import logging
from typing import Any

from needle_sim.errors import InputError, MissingExtraError


def client_of(address: str, *, wait_s: float = 10.0) -> Any:
    """A ``dask.distributed.Client`` with at least one worker.

    Parameters
    ----------
    address : str
        Of the scheduler, e.g. ``tcp://10.0.0.7:8786``.
    wait_s : float, s
        For the scheduler, and again for a first worker.

    Raises
    ------
    InputError
        No scheduler answers there, or it has no worker.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingExtraError(
            "a cluster needs dask: pip install 'needle_sim[cluster]'"
        ) from error
    noise = logging.getLogger("distributed")
    before = noise.level
    noise.setLevel(logging.CRITICAL)  # what it says is in the error below
    try:
        client = Client(address, timeout=wait_s)
    except (OSError, TimeoutError, ValueError, ImportError) as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"no dask scheduler answers at {address} within {wait_s:g} s ({said:.200}); start one "
            "with `dask scheduler`, check the address, or do without a cluster. Finished parts stay"
        ) from error
    finally:
        noise.setLevel(before)
    try:
        client.wait_for_workers(1, timeout=wait_s)
    except (OSError, TimeoutError) as error:
        client.close()
        raise InputError(
            f"the scheduler at {address} has no worker after {wait_s:g} s; start one with "
            f"`dask worker {address}` where needle_sim is installed"
        ) from error
    return client
