"""Base64 as clients and servers write it: wrapped, prefixed, sometimes percent-encoded."""

import binascii

_BLANKS = b" \t\r\n\v\f"

_PERCENT_ENCODED = {
    f"%{written}".encode(): bytes([byte])
    for byte in b"+/= \t\r\n"
    for written in {f"{byte:02X}", f"{byte:02x}"}
}
"""What a client may have encoded of a base64 text; the standard library's way takes seconds for
megabytes of it."""


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
        for encoded, meant in _PERCENT_ENCODED.items():
            text = text.replace(encoded, meant)
    digits = text.translate(None, _BLANKS).rstrip(b"=")
    if not digits:
        raise ValueError("it is empty")
    try:
        return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4), strict_mode=True)
    except binascii.Error as error:
        raise ValueError("it is not base64") from error
