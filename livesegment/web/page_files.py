"""The files of the page, as they lie in the package."""

from functools import cache
from pathlib import Path

from starlette.responses import Response

_FOLDER = Path(__file__).parent / "page"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@cache
def _files() -> dict[str, bytes]:
    """Return every file of the page; they are few and small."""
    return {path.name: path.read_bytes() for path in _FOLDER.iterdir() if path.suffix in _TYPES}


def page_file(name: str) -> Response | None:
    """Return a file of the page; None if there is none of that name."""
    content = _files().get(name)
    if content is None:
        return None
    # Asked for again each time, so that a newer version is never mixed with an older one.
    return Response(content, headers={"content-type": _TYPES[Path(name).suffix]})
