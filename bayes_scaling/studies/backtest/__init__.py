"""Fit what was published before a year, and predict the rest."""
