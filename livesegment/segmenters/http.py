"""A segmentation model behind an HTTP endpoint."""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import httpx

from livesegment.address import scrubbed_reply, shown_url
from livesegment.errors import (
    OptionsError,
)
from livesegment.frame import Frame
from livesegment.http_client import HttpClient, HttpFailure
from livesegment.mask import Mask
from livesegment.profile import stage
from livesegment.protocol.instances import KnownClasses
from livesegment.protocol.reply import decode_reply, most_reply_bytes
from livesegment.protocol.request import (
    CONTENT_TYPE,
    PROMPTS_CONTENT_TYPE,
    PROMPTS_PATH,
    encode_image,
    prompts_body,
    query,
    sent_size,
)
from livesegment.protocol.status import MAX_MESSAGE_BYTES, error_for_status
from livesegment.seen_classes import SeenClasses
from livesegment.segmenters.base import Call, Keep, Segmenter, Sending
from livesegment.segmenters.http_errors import endpoint_errors
from livesegment.segmenters.key_sending import KeyPlaces, KeySending
from livesegment.settings import ApiKey, EndpointOptions
from livesegment.settings.endpoint import (
    JPEG_QUALITY,
    MAX_SIDE,
    USUAL_CONFIDENCE,
    Confidence,
)
from livesegment.settings.endpoint_key import check_key, has_key

logger = logging.getLogger(__name__)

_SHORTEST_VALUE = 6
"""Letters of a value in the address's query from which on it may be a secret: not yes or 1."""

_SHORTEST_S = 0.001  # what a second try has where the first one took all the time


class HttpSegmenter(Segmenter):
    """Asks an endpoint over kept connections. Any number of threads may call at once.

    Args:
        endpoint: Base URL, such as `https://segment.roboflow.com`.
        model: `slug/version`, or a server's alias, one word; None: `prompt` says what to find.
        api_key: Sent as `KeySending` says; None: no key is sent.
        prompt: Phrases that a model which takes them (SAM 3) is asked to find, each a class.
        class_names: Names of the classes of a model whose replies name only what they found, in
            the order of its ids.
        confidence: 0 to 100, what the endpoint takes as certain enough; `best` or `default`: what
            it knows by that word.
        max_side: Longest side in pixels of what is sent; larger frames are made smaller.
        jpeg_quality: 1 to 100.
        timeout_s: Seconds for a whole call, from connecting to the last byte of its answer.
        max_connections: Connections at once; a call beyond that waits for a free one.
        transport: What carries the requests instead of the network, for tests and gateways.

    Raises:
        OptionsError: If a value is out of range or the address is no http(s) URL.
    """

    max_concurrency = None

    def __init__(
        self,
        endpoint: str,
        model: str | None = None,
        *,
        prompt: Sequence[str] | None = None,
        class_names: Sequence[str] | None = None,
        api_key: ApiKey | str | None = None,
        confidence: Confidence = USUAL_CONFIDENCE,
        max_side: int = MAX_SIDE,
        jpeg_quality: int = JPEG_QUALITY,
        timeout_s: float = 10,
        max_connections: int = 4,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._options = EndpointOptions(
            endpoint=endpoint,
            model=model,
            prompt=None if prompt is None else tuple(prompt),
            class_names=None if class_names is None else tuple(class_names),
            api_key=ApiKey(api_key) if isinstance(api_key, str) else api_key,
            confidence=confidence,
            max_side=max_side,
            jpeg_quality=jpeg_quality,
            max_in_flight=max_connections,
            timeout_s=timeout_s,
        )
        self._max_side, self._jpeg_quality = max_side, jpeg_quality
        prompts = self._options.prompt
        self._url = _url_below(endpoint, PROMPTS_PATH if prompts else (model or ""))
        self._shown_url = shown_url(str(self._url))
        self._secrets = _secrets(endpoint, self._options.api_key)
        self._key = KeySending(endpoint, self._options.api_key)
        self._is_network = transport is None
        self._client = HttpClient(
            str(self._url),
            timeout_s=timeout_s,
            connections=max_connections,
            headers={"content-type": PROMPTS_CONTENT_TYPE if prompts else CONTENT_TYPE},
            secrets=self._secrets,
            transport=transport,
        )
        self._known = KnownClasses(prompts or self._options.class_names or ())
        self._seen = SeenClasses()
        self._is_told = False

    def __repr__(self) -> str:
        return f"HttpSegmenter({self._shown_url!r})"

    @property
    def identity(self) -> str:
        """The model's address, what is asked for there, and how pictures are sent."""
        confidence, prompts = self._options.confidence, self._options.prompt
        said = confidence if isinstance(confidence, str) else f"{confidence:g}"
        asked = f", {', '.join(prompts)}" if prompts else ""
        return (
            f"{self._shown_url} (confidence {said}, {self._max_side} pixels,"
            f" JPEG {self._jpeg_quality}{asked})"
        )

    def segment(self, frame: Frame) -> Mask:
        """Ask the endpoint once.

        Returns:
            A mask of the frame's size, whatever size was sent and came back.

        Raises:
            EndpointError: If the endpoint cannot be reached, refuses, or answers nonsense; or wants
                a key, as the hosted one does, and there is none: then nothing is sent.
        """
        return self.segment_at(frame, self._options.confidence)

    def segment_at(self, frame: Frame, confidence: Confidence) -> Mask:
        """Ask the endpoint once, with another confidence than the segmenter's own (0 to 100)."""
        return self._seen.grown(self._prepared(frame, confidence, Sending())(None))

    def segment_sent(self, frame: Frame, sending: Sending) -> Mask:
        """Ask the endpoint once, about a picture sent otherwise than as a rule."""
        return self.prepare_sent(frame, sending)()

    def prepare_sent(self, frame: Frame, sending: Sending) -> Callable[[], Mask]:
        """Encode the frame for a call about a picture sent otherwise than as a rule."""
        call = self._prepared(frame, self._options.confidence, sending)
        return lambda: self._seen.grown(call(None))

    def prepare(self, frame: Frame) -> Call:
        """Encode the frame; the call asks once, and has the answer kept as it came."""
        return self._prepared(frame, self._options.confidence, Sending())

    def prepare_at(self, frame: Frame, confidence: Confidence) -> Call:
        """Encode the frame for a call with another confidence than the segmenter's own."""
        return self._prepared(frame, confidence, Sending())

    def _prepared(self, frame: Frame, confidence: Confidence, sending: Sending) -> Call:
        options = self._options
        if self._is_network:  # what carries the requests instead may have a key of its own
            check_key(options.base_url, options.api_key)
        max_side = min(self._max_side, sending.max_side or self._max_side)
        quality = min(self._jpeg_quality, sending.jpeg_quality or self._jpeg_quality)
        timeout_s = min(options.timeout_s, sending.timeout_s or options.timeout_s)
        sent = sent_size(frame.frame_size, max_side)
        with stage("scale"):
            image = frame.downscaled(sent)
        body = encode_image(image, max_side=max_side, jpeg_quality=quality)
        if options.prompt is not None:
            body = prompts_body(body, options.prompt, confidence)
        parameters = query(confidence=confidence, name=f"{frame.index}.jpg")
        url = self._url.copy_merge_params(parameters)
        frame = frame.without_pixels()  # a call takes its time, and many may be under way

        def call(keep: Keep | None) -> Mask:
            with stage("HTTP"):
                reply = self._call(url, body, most_reply_bytes(sent), timeout_s)
            # Once for all who get it: the mask's names are shown, and the journal is a file.
            reply = scrubbed_reply(reply, self._secrets)
            if keep is not None:
                keep(reply)
            return self._decoded(reply, frame, sent)

        return call

    def recall(self, reply: bytes, frame: Frame) -> Mask:
        """Return what a kept reply says about a frame that was sent as a rule."""
        return self._decoded(reply, frame, sent_size(frame.frame_size, self._max_side))

    @property
    def class_map_grows(self) -> bool:
        """Whether nobody said which classes there are."""
        return not self._known.names

    def put_on_top(self, classes: Collection[str]) -> None:
        """Have classes painted over all others; call it before the first frame."""
        self._known = replace(self._known, on_top=frozenset(classes))

    def _decoded(self, reply: bytes, frame: Frame, sent: tuple[int, int]) -> Mask:
        with stage("mask decode"):
            mask = decode_reply(
                reply,
                frame_size=frame.frame_size,
                frame_index=frame.index,
                sent_size=sent,
                known=self._known,
                url=self._shown_url,
            )
        if mask.instance_ids is None and self._options.class_names and not self._is_told:
            self._is_told = True
            logger.warning("the model names its classes itself: --class-names is not looked at")
        return mask

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _call(self, url: httpx.URL, body: bytes, most: int, timeout_s: float) -> bytes:
        """Return the body of a good answer."""
        began_s = time.monotonic()

        def ask(key: KeyPlaces) -> bytes:
            left_s = max(_SHORTEST_S, timeout_s - (time.monotonic() - began_s))
            with endpoint_errors(self._shown_url, timeout_s):
                return self._exchanged(url, body, most, left_s, key)

        return self._key.ask(ask)

    def _exchanged(
        self, url: httpx.URL, body: bytes, most: int, timeout_s: float, key: KeyPlaces
    ) -> bytes:
        if key.parameters:  # httpx takes an address apart and puts it together in 0.2 ms
            url = url.copy_merge_params(key.parameters)
        with self._client.exchange(
            "POST", url, content=body, headers=key.headers, timeout_s=timeout_s
        ) as answer:
            if answer.status == 200:
                return answer.read(most)
            try:
                said = answer.beginning(MAX_MESSAGE_BYTES)
            except HttpFailure:
                said = b""  # its status says more than what is wrong with its body
            raise error_for_status(
                answer.status,
                answer.headers,
                said,
                url=self._shown_url,
                secrets=self._secrets,
                has_key=has_key(self._options.base_url, self._options.api_key),
            )


def _url_below(endpoint: str, path: str) -> httpx.URL:
    try:
        base = httpx.URL(endpoint)
        return base.copy_with(path=f"{base.path.rstrip('/')}/{quote(path.strip('/'))}")
    except httpx.InvalidURL:
        raise OptionsError(f"--endpoint is no usable address: {shown_url(endpoint)}") from None


def _secrets(endpoint: str, api_key: ApiKey | None) -> tuple[str, ...]:
    """Return what must not be shown: the key, and what an address holds to be let in with."""
    parts = urlsplit(endpoint)
    password = unquote(parts.password or "")
    key = api_key.reveal() if api_key else ""
    values = [value for _, value in parse_qsl(parts.query) if len(value) >= _SHORTEST_VALUE]
    return tuple(secret for secret in (key, password, *values) if secret)
