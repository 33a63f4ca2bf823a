"""Whether the answer depends on what was chosen."""
