"""`livesegment predict`."""

import json
from collections.abc import Collection

from livesegment.cli.logs import set_up_logging
from livesegment.cli.memory import LEAST_TO_BEGIN, check_address_space
from livesegment.cli.outcome import DONE, print_result
from livesegment.settings.commands import PredictCommand


def run(command: PredictCommand, _: Collection[str]) -> int:
    """Segment one picture and print the reply as JSON."""
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
    # Escapes, because the encoding of a pipe may lack the letters of a class name.
    print_result(json.dumps(flat_reply(mask)))
    if save is not None:
        picture.save_annotated(opened, mask, save, overlay=command.overlay, overwrite=overwrite)
    return DONE
