"""A cluster that is not there is said so within seconds."""

from __future__ import annotations

import socket
import sys

import pytest

from needle_sim.errors import InputError, MissingExtraError
from needle_sim.studies.cluster import client_of


def test_no_scheduler_is_an_error_with_its_address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(InputError, match=f"no dask scheduler answers at {address} within 1 s"):
        client_of(address, wait_s=1.0)


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"needle_sim\[cluster\]"):
        client_of("tcp://127.0.0.1:1")


def test_an_address_that_is_none_is_refused():
    with pytest.raises(InputError, match="no dask scheduler answers at nonsense://x"):
        client_of("nonsense://x", wait_s=1.0)


def test_a_scheduler_without_workers_is_named():
    from distributed import LocalCluster

    with LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as empty:
        address = empty.scheduler_address
        with pytest.raises(InputError, match="has no worker after 1 s"):
            client_of(address, wait_s=1.0)
