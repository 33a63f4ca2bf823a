"""Chinchilla's approaches 1 and 2 (Hoffmann et al. 2022) as one hierarchical quadratic, beside approach 3."""
