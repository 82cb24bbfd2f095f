"""What the HUD says, and for how long."""

from dataclasses import replace

from livesegment.live.alignment import ChosenMask
from livesegment.live.hud import FIGURES_STAND_S, FrameRate, SteadyHud
from livesegment.settings.controls import Controls


def test_the_frame_rate_is_that_of_the_last_two_seconds() -> None:
    rate = FrameRate()
    for tick in range(100):
        rate.tick(tick / 10)
    for tick in range(61):
        rate.tick(20 + tick / 30)
    assert round(rate.value(), 6) == 30


def test_there_is_no_rate_before_time_has_passed_between_two_frames() -> None:
    rate = FrameRate()
    assert rate.value() == 0
    rate.tick(5.0)
    assert rate.value() == 0
    rate.tick(5.0)
    assert rate.value() == 0


class Said:
    """A HUD whose line is the number of times it was asked, by a clock that stands still."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._asked = 0
        self._hud = SteadyHud(self._say, lambda: self.now_s)

    def _say(self, frames_per_s: float, chosen: ChosenMask) -> list[str]:
        self._asked += 1
        return [f"{self._asked}"]

    def on(self, controls: Controls, *, is_new: bool = True) -> list[str]:
        return self._hud.lines(30.0, ChosenMask(), controls, is_new=is_new)


def test_figures_stand_for_a_moment_while_pictures_go_by() -> None:
    said, controls = Said(), Controls()
    first = said.on(controls)
    said.now_s = FIGURES_STAND_S / 2
    assert said.on(controls) == first
    said.now_s = FIGURES_STAND_S
    assert said.on(controls) != first


def test_a_picture_that_is_drawn_again_has_the_figures_of_the_moment() -> None:
    said, controls = Said(), Controls()
    assert said.on(controls) != said.on(controls, is_new=False)


def test_what_the_user_asks_for_is_said_at_once() -> None:
    said, controls = Said(), Controls()
    assert said.on(controls) != said.on(replace(controls, align="paste"))
