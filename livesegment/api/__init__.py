"""The things livesegment does, from Python: predict, live, annotate. Wires the rooms together."""
