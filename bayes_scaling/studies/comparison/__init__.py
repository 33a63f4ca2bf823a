"""Many variants of a law on one table: fitted, scored out of sample and compared."""
