"""The formula, and published laws, figures and systems."""
