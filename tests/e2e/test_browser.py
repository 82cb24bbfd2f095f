"""What `annotate` writes plays in a browser, to its end and in its size."""

import http.server
import queue
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from livesegment import AnnotateOptions, OverlayOptions, annotate

PAGE = b"""<!doctype html><video id="v" muted src="out.mp4"></video><script>
const say = text => fetch("/", {method: "POST", body: text});
v.onerror = () => say("error " + v.error.code);
v.onended = () => say(`${v.videoWidth}x${v.videoHeight}, ${v.duration.toFixed(2)} s`);
v.play().catch(error => say("refused " + error));
</script>"""

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--autoplay-policy=no-user-gesture-required",
]


def played(chromium: str, folder: Path) -> str:
    """Return what a page in Chromium says after playing `out.mp4` of a folder."""
    said: queue.Queue[str] = queue.Queue()

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_video = self.path == "/out.mp4"
            body = (folder / "out.mp4").read_bytes() if is_video else PAGE
            self.send_response(200)
            self.send_header("Content-Type", "video/mp4" if is_video else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            said.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/"
        with subprocess.Popen(
            [chromium, *FLAGS, f"--user-data-dir={folder / 'profile'}", url],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as browser:
            try:
                return said.get(timeout=60)
            finally:
                browser.terminate()
                server.shutdown()
                thread.join()


@pytest.mark.parametrize(
    ("size", "shown"), [("320x240", "320x240"), ("321x241", "322x242")], ids=["even", "odd"]
)
def test_an_annotated_video_plays_to_its_end_in_chromium(
    tmp_path: Path, need_tool: Callable[[str], str], size: str, shown: str
) -> None:
    chromium = need_tool("chromium")
    options = AnnotateOptions(overlay=OverlayOptions(legend=False))
    annotate(f"pattern:{size}@30:45", tmp_path / "out.mp4", options=options)
    assert played(chromium, tmp_path) == f"{shown}, 1.50 s"
