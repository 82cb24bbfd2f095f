// Plays a file of a recording from any moment, also while it is written, and a clip likewise.

const AHEAD_S = 20; // of what is shown, fetched
const BEHIND_S = 60; // kept of what was shown
const MOST_BYTES = 2 ** 21; // asked for at once
const POLL_MS = 1000;
const AT_EDGE_S = 1.5; // before the end of what grows
const TOLERANCE_S = 0.1;
const FALLBACK_S = 300; // of what cannot be played piece by piece
const PATIENCE = 10; // polls until the first of a clip is there

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

class Gone extends Error {}

export class RecordingPlayer {
  // `onEnd` is called when a file of a recording has been shown to its end, `onProblem` with a
  // sentence.
  constructor(video, onEnd, onProblem) {
    this.video = video;
    this.onEnd = onEnd;
    this.onProblem = onProblem;
    this.opened = null; // what ends the fetching of the file that is open
    this.began = null; // when it began, in seconds since the epoch
    video.addEventListener("ended", () => this.began !== null && this.onEnd());
    video.addEventListener("error", () => {
      if (this.opened !== null && video.error !== null) this.onProblem("This browser cannot play it; download it instead.");
    });
  }

  // When what is shown was taken, in seconds since the epoch; null if nothing is.
  get shownAt() {
    return this.began === null ? null : this.began + this.video.currentTime;
  }

  // Play a file of a camera that began at a time, from a moment in it.
  open(camera, file, began, at) {
    const opened = this.#opened(began);
    return this.#open(fileAddress(camera, "recordings", file), at, opened.signal, {
      otherwise: () => this.#playStretch(camera, began, at),
      onGone: (error) => this.onProblem(error.message),
    });
  }

  // Play a clip that is not complete. When it is there no more, as it is complete then, `onGone` is
  // called with how far it was shown, in seconds; null if it was not shown.
  openPartial(camera, file, onGone) {
    const opened = this.#opened(null);
    const path = fileAddress(camera, "partial", file);
    return this.#open(path, 0, opened.signal, {
      otherwise: () => this.#playFile(path),
      onGone: (_, isShown) => onGone(isShown ? this.video.currentTime : null),
      patience: PATIENCE,
    });
  }

  #opened(began) {
    this.stop();
    this.began = began;
    return (this.opened = new AbortController());
  }

  async #open(path, at, signal, { otherwise, onGone, patience = 0 }) {
    const api = `/api${path}`;
    let table = null;
    try {
      table = await this.#table(api, 0, signal);
      for (let polls = 0; table === null && polls < patience; polls += 1) {
        await pause(POLL_MS);
        table = await this.#table(api, 0, signal);
      }
      if (signal.aborted) return;
      if (table === null || !("MediaSource" in window) || !MediaSource.isTypeSupported(table.type)) otherwise();
      else await this.#play(path, table, Math.max(0, Math.min(at, table.ended - AT_EDGE_S)), signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Gone) onGone(error, table !== null);
      else this.onProblem(error.message);
    }
  }

  stop() {
    this.opened?.abort();
    this.opened = null;
    this.began = null;
    this.video.removeAttribute("src");
    this.video.load();
  }

  // Return where the fragments lie that begin after an offset; null of a file that has none.
  async #table(api, after, signal) {
    const answer = await fetch(`${api}?after=${after}`, { signal });
    if (answer.status === 422) return null;
    if (!answer.ok) throw new Gone("This recording is kept no more.");
    return answer.json();
  }

  // A piece of it as a file of its own, for what cannot be played as it lies.
  #playStretch(camera, began, at) {
    this.began = began + at;
    const span = `since=${began + at}&until=${began + at + FALLBACK_S}`;
    this.#playFile(`/cameras/${encodeURIComponent(camera)}/stretch.mp4?${span}`);
  }

  #playFile(path) {
    this.video.src = path;
    this.video.play().catch(() => {});
  }

  async #play(path, table, at, signal) {
    const { video } = this;
    const source = new MediaSource();
    video.src = URL.createObjectURL(source);
    await new Promise((done) => source.addEventListener("sourceopen", done, { once: true }));
    URL.revokeObjectURL(video.src);
    if (signal.aborted) return;
    const buffer = source.addSourceBuffer(table.type);
    const bytes = async (from, to) => {
      const answer = await fetch(path, { signal, headers: { Range: `bytes=${from}-${to - 1}` } });
      if (answer.status !== 206) throw new Gone("This recording is kept no more.");
      return answer.arrayBuffer();
    };
    await appended(buffer, await bytes(0, table.head));
    source.duration = table.ended;
    video.currentTime = at;
    video.play().catch(() => {});
    let asked = performance.now();
    while (!signal.aborted) {
      const next = wantedFragment(video, buffer, table.fragments);
      if (next === null) {
        await changed(video, 500);
      } else if (next < table.fragments.length) {
        const [from, to] = piece(table, next);
        await roomMade(buffer, video.currentTime);
        await appended(buffer, await bytes(from, to), video.currentTime);
      } else if (table.grows) {
        await changed(video, Math.max(0, asked + POLL_MS - performance.now()));
        if (performance.now() - asked < POLL_MS) continue;
        asked = performance.now();
        const more = await this.#table(`/api${path}`, table.end, signal);
        table.grows = more.grows;
        if (more.fragments.length === 0) continue;
        table.fragments.push(...more.fragments);
        [table.end, table.ended] = [more.end, more.ended];
        if (!buffer.updating && source.readyState === "open") source.duration = Math.max(source.duration, table.ended);
      } else {
        if (source.readyState === "open") source.endOfStream();
        await changed(video, 1000);
      }
    }
  }
}

export const fileAddress = (camera, kind, file) => `/cameras/${encodeURIComponent(camera)}/${kind}/${encodeURIComponent(file)}`;

// Return the fragment that is wanted next, their number if all after what is shown are there, or
// null if there is enough.
function wantedFragment(video, buffer, fragments) {
  const at = video.currentTime;
  const { buffered } = buffer;
  for (let each = 0; each < buffered.length; each += 1) {
    if (buffered.start(each) > at + TOLERANCE_S || buffered.end(each) < at) continue;
    if (buffered.end(each) > at + AHEAD_S) return null;
    const next = fragments.findIndex(([, time]) => time > buffered.end(each) - TOLERANCE_S);
    return next < 0 ? fragments.length : next;
  }
  const after = fragments.findIndex(([, time]) => time > at);
  return after < 0 ? Math.max(0, fragments.length - 1) : Math.max(0, after - 1);
}

// Return the bytes of some fragments from one on.
function piece({ fragments, end }, first) {
  const from = fragments[first][0];
  let last = first + 1;
  while (last < fragments.length && fragments[last][0] - from < MOST_BYTES / 2) last += 1;
  return [from, last < fragments.length ? fragments[last][0] : end];
}

function updated(buffer) {
  return buffer.updating ? new Promise((done) => buffer.addEventListener("updateend", done, { once: true })) : null;
}

async function appended(buffer, bytes, at = 0) {
  try {
    buffer.appendBuffer(bytes);
  } catch (error) {
    if (error.name !== "QuotaExceededError" || at < 2) throw error;
    buffer.remove(0, at - 1);
    await updated(buffer);
    buffer.appendBuffer(bytes);
  }
  await updated(buffer);
}

// Let go of what was shown long ago.
async function roomMade(buffer, at) {
  if (buffer.buffered.length === 0 || buffer.buffered.start(0) > at - 2 * BEHIND_S) return;
  buffer.remove(0, at - BEHIND_S);
  await updated(buffer);
}

// Wait until something else may be wanted: another moment, or a while later.
function changed(video, milliseconds) {
  return Promise.race([
    pause(milliseconds),
    new Promise((done) => video.addEventListener("seeking", done, { once: true })),
  ]);
}
