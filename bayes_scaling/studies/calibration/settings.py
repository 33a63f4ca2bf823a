"""How many simulations a calibration takes, and which intervals are counted."""

SIMULATIONS = 200
LEAST = 20
"""Simulations below which a band is so wide that nothing could leave it."""
PROBABILITY = 0.9
"""Of the equal-tailed intervals whose coverage of stated truths is counted."""
