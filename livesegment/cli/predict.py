"""`livesegment predict`."""

import json
import sys
from collections import Counter
from collections.abc import Collection
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from livesegment.cli.logs import set_up_logging
from livesegment.cli.memory import LEAST_TO_BEGIN, check_address_space
from livesegment.cli.outcome import DONE, print_result
from livesegment.settings.commands import PredictCommand

if TYPE_CHECKING:  # it imports OpenCV
    from livesegment.mask import Mask


def run(command: PredictCommand, _: Collection[str]) -> int:
    """Segment one picture, and show which classes are in it, or print the reply as JSON.

    A terminal gets a table; a pipe, a file, and whoever says --json get the JSON.
    """
    set_up_logging(command.log)
    check_address_space(LEAST_TO_BEGIN)
    # Here, because these import OpenCV.
    from livesegment import picture
    from livesegment.protocol.reply import flat_reply

    image, save, overwrite = command.image, command.save, command.overwrite
    opened = picture.load_image(image, timeout_s=command.endpoint.timeout_s)
    if save is not None:
        picture.check_save(image, save, overwrite=overwrite)
    mask = picture.predict(opened, options=command.endpoint)
    if command.json or sys.stdout is None or not sys.stdout.isatty():
        # Escapes, because the encoding of a pipe may lack the letters of a class name.
        print_result(json.dumps({**flat_reply(mask), **_instances(mask)}))
    else:
        print_result(_table(mask))
    if save is not None:
        picture.save_annotated(opened, mask, save, overlay=command.overlay, overwrite=overwrite)
    return DONE


def _instances(mask: "Mask") -> dict[str, Any]:
    """Return what the JSON says of instances: nothing where the model tells none apart."""
    if mask.instances is None:
        return {}
    return {
        "instances": [
            {**asdict(each), "class": mask.class_name(each.class_id)} for each in mask.instances
        ]
    }


def _table(mask: "Mask") -> str:
    """Return which classes are in a picture, the largest first, and the background last."""
    from rich.console import Console
    from rich.style import Style
    from rich.table import Table
    from rich.text import Text

    from livesegment.overlay.palette import class_colours

    shares, instances = mask.coverage(), mask.instances
    counts = Counter(each.class_id for each in instances or ())
    colours = class_colours(mask.class_map)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("class", overflow="fold")
    table.add_column("share", justify="right", no_wrap=True)
    if instances is not None:
        table.add_column("instances", justify="right", no_wrap=True)
    for class_id in sorted(shares, key=lambda each: (each in mask.unclassed, -shares[each], each)):
        is_class = class_id not in mask.unclassed
        blue, green, red = (int(each) for each in colours[class_id])
        name = (
            Text("■ ", Style(color=f"#{red:02x}{green:02x}{blue:02x}")) if is_class else Text("  ")
        )
        name.append(mask.class_name(class_id), "default" if is_class else "dim")
        cells = [name, Text(_percent(shares[class_id]), "" if is_class else "dim")]
        if instances is not None:
            cells.append(Text(f"{counts[class_id]}" if is_class else ""))
        table.add_row(*cells)
    console = Console()
    with console.capture() as shown:
        console.print(table)
    # A terminal's encoding may lack letters as well.
    encoding = sys.stdout.encoding or "utf-8"
    return shown.get().rstrip("\n").encode(encoding, "replace").decode(encoding)


def _percent(share: float) -> str:
    return "< 0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"
