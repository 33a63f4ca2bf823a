"""Pictures of results: they consume fits and return figures, and compute nothing of their own."""
