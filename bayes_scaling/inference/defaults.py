"""Sampler defaults, shared by functions and command line."""

DRAWS = 2000
TUNE = 1000
CHAINS = 8
TARGET_ACCEPT = 0.95
SEED = 0
