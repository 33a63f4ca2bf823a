"""Tables that others publish, by their own column names: the sheet of Ho et al. 2024 and the AI models database."""
