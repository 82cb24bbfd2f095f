"""Who may do what, and what there is to know of a route."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from livesegment.openapi import Answer, Schema


class Role(IntEnum):
    """What somebody may do; each may do what those before it may."""

    OPEN = 0
    """Log in, and ask whether the program is alive."""
    LOOK = 1
    """See pictures, figures and events."""
    CHANGE = 2
    """Change something."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What there is to know of a route.

    Attributes:
        role: What somebody must be allowed to do who asks.
        summary: What it does.
        answers: What it answers, by status; refusals that others have as well are left out.
        query: Schemas of what may stand in its query, by name.
        body: Schema of the JSON that is sent; None: nothing is.
    """

    role: Role
    summary: str
    answers: Mapping[int, Answer]
    query: Mapping[str, Schema] = field(default_factory=dict)
    body: Schema | None = None
