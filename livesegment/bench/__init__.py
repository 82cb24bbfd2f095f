"""What an endpoint or a model can do, measured with few calls, and the best options of `live`.

`plan.py` says what is tried, `asking.py` asks, by the same limiter and segmenter as `live`,
`run.py` goes through the plan and fills `Found`, `advice.py` says what follows from that,
`rehearsal.py` has `live` show it here, and `command_line.py` writes it as a command.
"""
