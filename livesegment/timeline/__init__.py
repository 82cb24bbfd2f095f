"""What each class covers over the length of a film: measured, as a table, and as a page."""
