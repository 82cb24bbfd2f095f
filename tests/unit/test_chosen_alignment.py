"""The alignment that the viewer has chosen."""

from parts import CLASS_MAP, frame

from livesegment.frame import Frame
from livesegment.live.alignment import ChosenAlignment
from livesegment.mask import Mask
from livesegment.settings.controls import ControlPanel, Controls


class Shift:
    """Says which frames it has seen, by the frame index of what it returns."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.prepared: list[Mask] = []

    def prepare(self, mask: Mask) -> None:
        self.prepared.append(mask)

    def observe(self, frame: Frame) -> None:
        self.seen.append(frame.index)

    def align(self, mask: Mask, size: tuple[int, int] | None = None) -> Mask | None:
        return Mask(mask.class_ids, mask.class_map, self.seen[0])


def test_a_choice_takes_effect_with_the_next_frame_and_begins_anew() -> None:
    made: list[Shift] = []

    def warp() -> Shift:
        made.append(Shift())
        return made[-1]

    def paste() -> Shift:
        made.append(Shift())
        return made[-1]

    panel = ControlPanel(Controls(align="warp"))
    chosen = ChosenAlignment(panel, {"warp": warp, "delay": warp, "paste": paste})
    mask = Mask(frame(0).image[:, :, 0].copy(), CLASS_MAP)
    chosen.observe(frame(0))
    panel.change(align="delay")
    chosen.observe(frame(1))
    assert [each.seen for each in made] == [[0, 1]]
    panel.change(align="paste")
    moved = chosen.align(mask)
    assert moved is not None
    assert moved.frame_index == 0
    chosen.observe(frame(2))
    moved = chosen.align(mask)
    assert moved is not None
    assert moved.frame_index == 2
    panel.change(align="warp")
    chosen.observe(frame(3))
    assert [each.seen for each in made] == [[0, 1], [2], [3]]


def test_masks_are_prepared_for_the_alignment_chosen_unless_pictures_are_held_back() -> None:
    """Of those that wait for their picture there are many, and they have time."""
    shift, other = Shift(), Shift()
    panel = ControlPanel(Controls(align="warp"))
    makers = {"warp": lambda: shift, "paste": lambda: other}
    chosen = ChosenAlignment(panel, {**makers, "delay": makers["warp"]})
    masks = [Mask(frame(index).image[:, :, 0].copy(), CLASS_MAP, index) for index in range(2)]
    chosen.prepare(masks[0])
    panel.change(align="delay")
    chosen.prepare(masks[1])
    assert shift.prepared == masks[:1]
    assert other.prepared == []
