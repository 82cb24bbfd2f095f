"""Where annotated pictures go: a window, a video, a mask file, a snapshot."""
