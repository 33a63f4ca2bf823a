"""One colour-blind-safe style for every picture (Okabe and Ito's palette)."""

POSTERIOR = "#0072B2"
PRIOR = "#999999"
PUBLISHED = "#D55E00"
REFERENCE = "#009E73"
WARNING = "#B00020"
"""Named by what they stand for, so that a colour means the same everywhere."""

LAW_COLOURS = (PUBLISHED, "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LAW_LINES = ("--", "-.", (0, (1, 1.2)), (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)))
LAW_MARKERS = ("D", "s", "^", "v", "P")
"""Of laws drawn beside a posterior, in their order; each differs in colour and in shape."""

ORDERED = "viridis"  # colour map whose lightness rises all the way: it reads without colours too

INK, PAPER, FAINT = "black", "white", "#666666"  # text and marks; what lies under them; text beside them
