"""Reports of results: what they say, and how they are written."""
