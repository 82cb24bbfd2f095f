"""Files annotated to keep: every frame, in order, and nothing paid for twice."""
