"""Does a posterior predict? Checks on the rows that were fitted, and a backtest on those published later."""
