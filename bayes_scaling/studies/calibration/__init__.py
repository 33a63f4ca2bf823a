"""Calibration: simulate from a specification, fit what was simulated, and see whether intervals hold what they say."""
