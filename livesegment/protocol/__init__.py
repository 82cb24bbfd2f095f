"""The HTTP protocol of semantic-segmentation endpoints, both directions, as pure functions.

What a client sends is in `request`, what a server makes of it in `received`; `reply`
and `status` are the answers, read and written.
"""
