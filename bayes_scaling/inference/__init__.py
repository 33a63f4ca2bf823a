"""From a model to a judged posterior: compile once, sample, diagnose, keep."""
