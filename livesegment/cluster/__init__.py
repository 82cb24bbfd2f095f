"""Annotating on many machines: one Ray task a file, over a shared folder (extra `cluster`)."""
