"""Names of the files that results are kept in, for those who write, read and look for them."""

FIT_FILE, SUMMARY_FILE = "fit.nc", "summary.json"
FITS, SCORES = "fits", "scores"
"""Folders of a comparison's directory."""
COMPARISON_TABLE, COMPARISON_SETTINGS = "comparison.csv", "comparison.json"
ROBUSTNESS_TABLE, ROBUSTNESS_SETTINGS = "robustness.csv", "robustness.json"
BACKTEST_TABLE, BACKTEST_SCORES, BACKTEST_SETTINGS = "backtest.csv", "scores.csv", "backtest.json"
CALIBRATION_FILE = "calibration.json"
