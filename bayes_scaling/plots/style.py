"""One colour-blind-safe style for every picture (Okabe and Ito's palette)."""

POSTERIOR = "#0072B2"
PRIOR = "#999999"
PUBLISHED = "#D55E00"
REFERENCE = "#009E73"
WARNING = "#B00020"
"""Named by what they stand for, so that a colour means the same everywhere."""
