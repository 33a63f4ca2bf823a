"""What `notebooks/site/file-formats.md` says that files and fits take, in bytes; tests hold files and fits to it."""

import bayes_scaling as bs

NUMBER, TEXT, ROUND = 8, 32, 8
"""For each number, and for each text beside its own length, which is rounded up."""
HEADER, HEAPS = 60_000, 0.01
"""At most beside draws and rows: whatever they are, and a share of them, since HDF5 keeps texts in heaps of 4 KiB."""
PROGRAM, ROW, CHECKS = 0.9e9, 1.5e3, 0.5e9
"""Of memory at the peak: whatever is fitted, for each row, and for what needs the log likelihood of every row."""


def most(size: int) -> float:
    """What a file of draws and rows of such a size takes at most."""
    return (1 + HEAPS) * size + HEADER


def file_size(fit: bs.Fit) -> int:
    """Of draws and rows alone."""
    size = 0
    for group in ("posterior", "sample_stats", "observed_data", "constant_data"):
        for each in fit.data[group].to_dataset().variables.values():
            texts = each.to_numpy().ravel() if each.dtype.kind in "OU" else ()
            size += sum(TEXT + ROUND * -(-len(str(text).encode()) // ROUND) for text in texts) or each.nbytes
    return size
