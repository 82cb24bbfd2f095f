"""Keys of the window."""

import pytest

from livesegment.metrics import Metrics
from livesegment.settings.controls import ALIGNMENTS, STYLES, ControlPanel, Controls
from livesegment.sinks.window import KEYS, press


class Run:
    """A run that notes what is asked of it."""

    title = "a run"

    def __init__(self) -> None:
        self.controls = ControlPanel(Controls(opacity=0.5))
        self.metrics = Metrics()
        self.asked: list[str] = []

    def stop(self) -> None:
        self.asked.append("stop")

    def take_snapshot(self) -> None:
        self.asked.append("snapshot")

    def try_now(self) -> None:
        self.asked.append("try now")


@pytest.mark.parametrize(
    ("key", "asked"), [("q", "stop"), ("\x1b", "stop"), ("s", "snapshot"), ("r", "try now")]
)
def test_a_key_asks_something_of_the_run(key: str, asked: str) -> None:
    run = Run()
    press(ord(key), run)
    assert run.asked == [asked]
    assert run.controls.snapshot() == Controls(opacity=0.5)


@pytest.mark.parametrize(
    ("key", "field", "value"),
    [
        (" ", "paused", True),
        ("o", "show_overlay", False),
        ("l", "show_legend", False),
        ("h", "show_hud", False),
        ("?", "show_keys", True),
        ("\uffbe", "show_keys", True),  # F1
        ("[", "opacity", 0.4),
        ("]", "opacity", 0.6),
        *((str(number), "style", style) for number, style in enumerate(STYLES, start=1)),
    ],
)
def test_a_key_changes_how_the_picture_is_drawn(key: str, field: str, value: object) -> None:
    run = Run()
    press(ord(key), run)
    assert getattr(run.controls.snapshot(), field) == pytest.approx(value)


def test_a_key_goes_through_the_ways_in_which_a_late_mask_meets_its_picture() -> None:
    run = Run()
    seen = []
    for _ in range(4):
        seen.append(run.controls.snapshot().align)
        press(ord("a"), run)
    assert seen == [*ALIGNMENTS, ALIGNMENTS[0]]


@pytest.mark.parametrize("keys", [keys for keys, _ in KEYS])
def test_every_key_that_is_shown_does_something(keys: str) -> None:
    run = Run()
    before = run.controls.change(style="blur")
    for name in keys.replace(" to ", " or ").replace("[ ]", "[ or ]").split(" or "):
        press(ord({"Esc": "\x1b", "space": " ", "F1": "\uffbe"}.get(name, name)), run)
        assert run.asked or run.controls.snapshot() != before
        before = run.controls.snapshot()


def test_other_keys_do_nothing() -> None:
    # Among them the ² of French keyboards, which Python calls a digit.
    run = Run()
    for key in range(2**16):
        if chr(key) not in "q\x1bsra olh[]1234?\uffbe":
            press(key, run)
    assert run.asked == []
    assert run.controls.snapshot() == Controls(opacity=0.5)
