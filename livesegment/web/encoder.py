"""Makes pictures of a run into what a page shows, and what other programs fetch there."""

import cv2

from livesegment.downscale import downscaled, fitting
from livesegment.frame import Image
from livesegment.mask import Mask
from livesegment.output import Shown, Wants
from livesegment.threaded_output import Picture, ThreadedOutput
from livesegment.web.broadcast import Broadcast
from livesegment.web.coverage import Coverage
from livesegment.web.video import VideoBroadcast
from livesegment.web.video_encoder import VideoEncoder, encode_for

_LARGEST = (1280, 1280)  # what a page shows well; a larger picture would only fill the network
_QUALITY = 80


class LabelledEncoder(ThreadedOutput):
    """Encodes the newest picture with its legend and notices, for who has no page around it.

    Without viewers it wants no pictures.

    Args:
        pictures: Where pictures go; closed with this.

    Attributes:
        pictures: As given.
    """

    def __init__(self, pictures: Broadcast) -> None:
        super().__init__("labelled-encoder")
        self.pictures = pictures

    @property
    def wants(self) -> Wants:
        """Pictures while somebody watches."""
        return Wants.SHOWN if self.pictures.is_watched else Wants.FRAMES

    @property
    def largest_size(self) -> tuple[int, int]:
        """As large as those of the page."""
        return _LARGEST

    @property
    def is_waiting(self) -> bool:
        """Whether somebody watches who has no picture yet."""
        return self.pictures.is_waiting

    def work_on(self, picture: Picture) -> None:
        """Encode a picture and offer it to everybody who watches."""
        if self.pictures.is_watched:
            self.pictures.publish(encode(_fitting(picture.image)))

    def close(self) -> None:
        """Encode no more, and tell the viewers. May be called twice."""
        super().close()
        self.pictures.close()


class PictureEncoder(ThreadedOutput):
    """Encodes the newest picture for the page, which writes beside it what there is to say.

    Once for all viewers; without viewers it wants no pictures.

    Args:
        pictures: Where pictures go that are files of their own; closed with this.
        coverage: Gets every mask.
        video: Where the same goes as video; closed with this. None: one that is made here.

    Attributes:
        pictures: As given.
        coverage: As given.
        video: As given.
    """

    def __init__(
        self, pictures: Broadcast, coverage: Coverage, video: VideoBroadcast | None = None
    ) -> None:
        super().__init__("web-encoder")
        self.pictures = pictures
        self.coverage = coverage
        self.video = video or VideoBroadcast()
        self._video_encoder = VideoEncoder()
        self._has_begun = False
        self._counted: Mask | None = None

    @property
    def wants(self) -> Wants:
        """Pictures while somebody watches."""
        is_watched = self.pictures.is_watched or self.video.is_watched
        return Wants.DRAWN if is_watched else Wants.FRAMES

    @property
    def largest_size(self) -> tuple[int, int]:
        """As large as a page shows them."""
        return _LARGEST

    @property
    def is_waiting(self) -> bool:
        """Whether somebody watches who has no picture yet."""
        return self.pictures.is_waiting or self.video.is_waiting

    def on_frame(self, shown: Shown) -> None:
        """Measure a new frame's mask, and take the picture if there is one."""
        # A photo's mask comes after it, when the photo is only drawn again.
        is_later_mask = self._has_begun and shown.counted is not self._counted
        if shown.is_new or is_later_mask:
            self.coverage.see(shown.counted)
            self._has_begun, self._counted = True, shown.counted
        if not self.video.is_watched:
            self._video_encoder.rest()
        super().on_frame(shown)

    def work_on(self, picture: Picture) -> None:
        """Encode a picture and offer it to everybody who watches, in the form that they want."""
        image = _fitting(picture.image)
        if self.video.is_watched and not self.video.is_closed:
            encode_for(self.video, self._video_encoder, image)
        if self.pictures.is_watched:
            self.pictures.publish(encode(image))

    def close(self) -> None:
        """Encode no more, and tell the viewers. May be called twice."""
        super().close()
        self._video_encoder.close()
        self.pictures.close()
        self.video.close()


def _fitting(image: Image) -> Image:
    height, width = image.shape[:2]
    return downscaled(image, fitting((width, height), _LARGEST))


def encode(image: Image) -> bytes:
    """Return a picture, BGR uint8 (H, W, 3), as a JPEG file."""
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return jpeg.tobytes()
