"""The live run: pictures as they come, with the newest mask carried to each.

The way of a frame, with the file that does each step::

    source ─Frame─▶ capture.py ─▶ newest wins ─▶ loop.py, the main thread
                                                    │
         asking.py, submitting.py: N requests  ◀────┤ newest wins
                           │                        ▼
                           │                  delay_line.py: empty, unless pictures wait for masks
                           ▼                        │
                    mask_buffer.py ─newest mask─▶ choosing.py, a thread: alignment.py says what
                                                  the mask is on this frame
                                                    ▼
                                              redaction/: what of both may leave
                                                    ▼
                                              presenter.py: drawn once, on one canvas
                                                    ▼
             Output.on_frame: rules of events · sinks, each queued (outputs.py) · page · window

Only the capture thread reads the source, only the main thread draws and calls outputs, and
neither ever waits for the network or for a disk. `Frame.image` is never drawn on: everybody may
keep it. `parts.py` says what a run is made of; `run.py` makes it from options, by what `opening.py`
opens.
"""
