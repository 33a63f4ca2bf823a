"""Answers read off a posterior: pure functions of a fit."""
