"""Requests as no client makes them, byte by byte."""

from collections.abc import Iterable, Mapping, Sequence

from hypothesis import strategies as st

METHODS = ["GET", "GET", "GET", "POST", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "get"]
RANGES = ["bytes=0-1", "bytes=5-2", "bytes=9999999-", "x", "bytes=", "lines=1-2", "bytes=-0"]
RANGES += ["bytes=0-0,2-3", "bytes=" + "0-1," * 200, "bytes=" + "9" * 5000 + "-", "bytes=²-³"]
VALUES: Mapping[str, Sequence[str]] = {
    "Range": RANGES,
    "If-Range": ("x", '"x"', "W/x", "Sat, 28 Nov 2026 20:00:00 GMT"),
    "Host": ("localhost", "127.0.0.1:80", "evil.example", "[::1", "[", "a/b", "", "x" * 5000),
    "Origin": ("null", "http://[", "http://evil.example", "http://localhost", "x", "http://a]b"),
    "Sec-Fetch-Site": ("same-origin", "cross-site", "none", "x", ""),
    "Sec-Fetch-Mode": ("navigate", "no-cors", "x"),
    "Cookie": ("=", ";;;", "a=b; livesegment-0=x.y", 'livesegment-0="\\777"', "livesegment-0=é.é"),
    "Authorization": ("Bearer", "Bearer \xff", "Basic", "Basic !", "Basic YTpi", "Digest a=b", "x"),
    "Content-Type": (
        *("application/json", "application/json; charset=x", "text/plain", ";", "\xff"),
        *(
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=x",
        ),
    ),
    "Content-Length": ("0", "5", "-1", "x", "99999999999999999999", "20971521", "1, 1"),
    "Transfer-Encoding": ("chunked", "gzip", "chunked, chunked", "identity"),
    "Content-Encoding": ("gzip", "x"),
    "Accept": ("*/*", "multipart/mixed", "application/openmetrics-text; version=9.9", "\xff"),
    "Accept-Encoding": ("gzip", "identity;q=0", "x"),
    "Expect": ("100-continue", "x"),
    "Upgrade": ("websocket", "h2c"),
    "Connection": ("close", "keep-alive", "upgrade", "x"),
    "X-Forwarded-Host": ("evil.example",),
    "X-Http-Method-Override": ("DELETE",),
}
BODIES = (
    *(b"", b"{", b"{}", b"null", b"[" * 5000, b"\xff", b'"' + b"a" * 70_000, b"aGVsbG8="),
    *(b'{"token": "\\ud800"}', b'{"token": 1}', b'{"classes": ["\\udfff"]}', b'{"image": {}}'),
    *(b'{"opacity": 1e999}', b'{"opacity": NaN}', b'{"style": "blur"}', b'{"align": "x"}'),
    *(b"5\r\nhello\r\n0\r\n\r\n", b"ffffffffff\r\n", b"--x\r\n\r\n--x--"),
)
SEGMENTS = (
    *("..", ".", "%2e%2e", "%00", "%ff", "%ed%a0%80", "%2f", "", "~", "a" * 3000, "é", "%zz"),
    "{name}",
)
PATHS = ("*", "/", "//", "http://localhost/", "localhost:80", "", "?", "/?" + "&=" * 500, "/%")


def odd_requests(paths: Iterable[str], known: Mapping[str, str]) -> "st.SearchStrategy[bytes]":
    """Return what draws requests that are odd somewhere, and mostly right elsewhere.

    Args:
        paths: Those of a server, parameters in braces.
        known: Parameters that lead somewhere.
    """
    filled = [_filled(path, known) for path in paths]
    path = st.one_of(
        st.sampled_from(filled),
        st.sampled_from(filled),
        st.sampled_from(PATHS),
        st.builds(_bent, st.sampled_from(filled), st.sampled_from(SEGMENTS), st.integers(0, 5)),
        st.builds("{}?{}={}".format, st.sampled_from(filled), _word, _word),
        st.text(st.characters(max_codepoint=255), max_size=20).map("/{}".format),
    )
    headers = st.lists(st.sampled_from(sorted(VALUES)), max_size=4).flatmap(
        lambda names: st.fixed_dictionaries(
            {name: st.sampled_from(VALUES[name]) | _word for name in names}
        )
    )
    method = st.sampled_from(METHODS) | st.text("ABC-~!x", min_size=1, max_size=8)
    body = st.sampled_from(BODIES) | st.binary(max_size=200)
    whole = st.builds(_request, method, path, headers, body)
    damaged = st.builds(_damaged, whole, st.integers(0), st.binary(max_size=4))
    return st.one_of(whole, whole, whole, damaged)


_word = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=30)


def _filled(path: str, known: Mapping[str, str]) -> str:
    for name, value in known.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def _bent(path: str, segment: str, position: int) -> str:
    parts = path.split("/")
    parts.insert(1 + position % len(parts), segment)
    return "/".join(parts)


def _request(method: str, path: str, odd: Mapping[str, str], body: bytes) -> bytes:
    right = {"Host": "localhost", "Content-Type": "application/json", "Connection": "close"}
    if not {"Content-Length", "Transfer-Encoding"} & odd.keys():
        right["Content-Length"] = str(len(body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in (right | dict(odd)).items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1", "replace") + body


def _damaged(request: bytes, position: int, instead: bytes) -> bytes:
    at = position % len(request)
    return request[:at] + instead + request[at + len(instead) :]
