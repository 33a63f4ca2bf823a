"""How many simulations a calibration takes, and which intervals are counted."""

SIMULATIONS = 200
LEAST = 20  # simulations below which a band is so wide that nothing could leave it
PROBABILITY = 0.9  # of the equal-tailed intervals whose coverage of stated truths is counted
