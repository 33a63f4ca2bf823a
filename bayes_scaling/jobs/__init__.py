"""Work that takes long: many tasks in processes, and finished pieces that are kept."""
