"""When a call may be made: one place for everybody who asks a segmenter."""
