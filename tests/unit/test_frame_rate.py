"""What the HUD says of the frame rate."""

from livesegment.live.hud import FrameRate


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
