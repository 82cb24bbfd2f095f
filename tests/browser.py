"""A headless Chromium that plays videos to their end and says what it saw and heard."""

import http.server
import json
import queue
import subprocess
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

_PAGE = b"""<!doctype html><video id="v"></video><script>
const count = Number(location.hash.slice(1));
const say = what => fetch("/", {method: "POST", body: JSON.stringify(what)});
const happens = (what, on) => new Promise(done => on.addEventListener(what, done, {once: true}));
async function look(second) {
  const shown = new Promise(done => v.requestVideoFrameCallback(done));
  v.currentTime = second;
  await happens("seeked", v);
  // On a busy machine that is told before the picture is there. One that was there already may
  // not be shown anew.
  await Promise.race([shown, new Promise(done => setTimeout(done, 3000))]);
  const canvas = Object.assign(document.createElement("canvas"),
                               {width: v.videoWidth, height: v.videoHeight});
  const pen = canvas.getContext("2d");
  pen.drawImage(v, 0, 0);
  const row = y => Array.from(pen.getImageData(0, y * v.videoHeight, v.videoWidth, 1).data);
  return [row(0.25), row(0.75)];
}
async function listen(bytes) {
  const sound = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(bytes);
  const samples = sound.getChannelData(0);
  let power = 0;
  for (const sample of samples) power += sample * sample / samples.length;
  return {seconds: sound.duration, rms: Math.sqrt(power)};
}
async function watch(number) {
  const bytes = await (await fetch("video/" + number)).arrayBuffer();
  v.onerror = () => say({error: v.error.message});
  v.src = URL.createObjectURL(new Blob([bytes]));
  await v.play();
  await happens("ended", v);
  const said = {width: v.videoWidth, height: v.videoHeight, duration: v.duration,
                ended: v.currentTime, sound_bytes: v.webkitAudioDecodedByteCount};
  said.last = await look(v.duration - 0.02);
  said.first = await look(0);
  if (said.sound_bytes) said.sound = await listen(bytes);
  await say(said);
}
(async () => { for (let number = 0; number < count; number++) await watch(number); })()
  .catch(error => say({error: String(error)}));
</script>"""

_FLAGS = [
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


class _Site(http.server.BaseHTTPRequestHandler):
    """Gives out the page and the videos, and takes what the page says."""

    def __init__(
        self, videos: Sequence[Path], said: "queue.Queue[dict[str, Any]]", *arguments: Any
    ) -> None:
        self.videos, self.said = videos, said
        super().__init__(*arguments)

    def do_GET(self) -> None:
        is_video = self.path.startswith("/video/")
        body = self.videos[int(self.path[7:])].read_bytes() if is_video else _PAGE
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.said.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def played(chromium: str, profile: Path, *videos: Path) -> list[dict[str, Any]]:
    """Return what a page says after playing each of some videos.

    Args:
        chromium: The program.
        profile: An empty folder.
        videos: The files.

    Returns:
        For each either `error`, or: `width` and `height` as shown, `duration` and `ended` in
        seconds, `first` and `last`: of these pictures the rows at a quarter and at three quarters
        of the height, RGBA one after the other; `sound_bytes` decoded while it played, and if there
        were some, `sound` with `seconds` and `rms` of all of it.
    """
    said: queue.Queue[dict[str, Any]] = queue.Queue()
    site = partial(_Site, videos, said)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), site) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/#{len(videos)}"
        with subprocess.Popen(
            [chromium, *_FLAGS, f"--user-data-dir={profile}", url],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as browser:
            try:
                return [said.get(timeout=60) for _ in videos]
            finally:
                browser.terminate()
                server.shutdown()
                thread.join()
