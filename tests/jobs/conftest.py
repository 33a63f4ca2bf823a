"""A dask cluster on this machine, for tests here."""

from jobs.clusters import cluster

__all__ = ["cluster"]
