"""A dask cluster on this machine, for tests here."""

from studies.clusters import cluster

__all__ = ["cluster"]
