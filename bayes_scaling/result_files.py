"""Names of the files that results are kept in, for those who write, read and look for them."""

FIT_FILE = "fit.nc"
COMPARISON_TABLE, COMPARISON_SETTINGS = "comparison.csv", "comparison.json"
ROBUSTNESS_TABLE, ROBUSTNESS_SETTINGS = "robustness.csv", "robustness.json"
