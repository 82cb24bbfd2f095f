"""Base64 as clients and servers write it: wrapped, prefixed, sometimes percent-encoded."""

import binascii
from urllib.parse import unquote_to_bytes

_BLANKS = b" \t\r\n\v\f"


def decode_base64(text: bytes) -> bytes:
    """Return the bytes that a base64 text stands for.

    A `data:...;base64,` prefix, line breaks at any column and missing padding are tolerated.
    Percent-encoding is undone, form encoding is not: `+` is a digit of base64.

    Raises:
        ValueError: If the text is empty or no base64.
    """
    if text.lstrip(_BLANKS)[:5].lower() == b"data:":
        prefix, _, text = text.partition(b",")
        if not prefix.rstrip(_BLANKS).lower().endswith(b";base64"):
            raise ValueError("a data: address without ;base64")
    if b"%" in text:
        text = unquote_to_bytes(text)
    digits = text.translate(None, _BLANKS).rstrip(b"=")
    if not digits:
        raise ValueError("it is empty")
    try:
        return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4), strict_mode=True)
    except binascii.Error as error:
        raise ValueError("it is not base64") from error
