"""From a specification and a table to a PyMC model: arrays, coordinates, the law by rows, noise."""
