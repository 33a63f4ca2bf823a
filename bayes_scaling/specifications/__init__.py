"""Specifications: a law, what varies by what, what progresses, noise and priors, as data; and their catalogue."""
