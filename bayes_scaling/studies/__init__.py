"""Many fits and one table: named work, done once wherever there is room, kept in a directory and read back from it."""
