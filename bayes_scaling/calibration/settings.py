"""How many simulations a calibration takes."""

SIMULATIONS = 200
LEAST = 20
"""Simulations below which a band is so wide that nothing could leave it."""
