"""What was seen and recorded: one list of it, kept in an index that the files themselves make."""
