// Plays one camera's fragments as they come, as near to the newest as goes without stops.

const BEHIND_S = 0.06; // how far the newest picture is ahead of what is shown: they do not come evenly
const TOO_FAR_S = 0.6; // beyond it the picture jumps, within it goes a little faster or slower
const KEPT_S = 5; // of what has been shown
const MOST_WAITING = 32 * 2 ** 20; // bytes that a browser which takes none may be given

export const canPlay = () => "MediaSource" in window && MediaSource.isTypeSupported('video/mp4; codecs="avc1.640028"');

export class Player {
  // `onPicture` is called for every picture that is shown, `onFailed` when nothing can be played.
  constructor(video, onPicture, onFailed) {
    this.video = video;
    this.onFailed = onFailed;
    this.buffer = null;
    this.waiting = [];
    this.newest = 0;
    video.addEventListener("error", () => this.#fail(video.error?.message ?? "no reason is known"));
    video.addEventListener("resize", onPicture);
    if (!("requestVideoFrameCallback" in video)) {
      video.addEventListener("timeupdate", onPicture);
      return;
    }
    const shown = () => {
      onPicture();
      video.requestVideoFrameCallback(shown);
    };
    video.requestVideoFrameCallback(shown);
  }

  // Take a part of the stream: what another video begins with, or the next picture.
  take({ type, time, bytes }) {
    if (time === null) this.#begin(type);
    this.waiting.push(bytes);
    this.newest = time ?? 0;
    if (this.waiting.reduce((sum, each) => sum + each.length, 0) > MOST_WAITING) this.#fail("it takes nothing");
    else this.#append();
  }

  // Show nothing, and keep nothing.
  stop() {
    this.buffer = null;
    this.waiting = [];
    this.video.removeAttribute("src");
    this.video.load();
  }

  #begin(type) {
    const source = new MediaSource();
    this.buffer = null;
    this.waiting = [];
    this.video.src = URL.createObjectURL(source);
    source.addEventListener("sourceopen", () => {
      URL.revokeObjectURL(this.video.src);
      try {
        const buffer = source.addSourceBuffer(type);
        buffer.addEventListener("updateend", () => this.#append());
        this.buffer = buffer;
        this.#append();
      } catch (error) {
        this.#fail(error.message);
      }
    }, { once: true });
    // Rejected also when the next one begins before it plays, which is no failure.
    this.video.play().catch((error) => error.name === "NotAllowedError" && this.#fail(error.message));
  }

  #append() {
    const { buffer, video } = this;
    if (buffer === null || buffer.updating) return;
    try {
      const old = video.currentTime - KEPT_S;
      if (buffer.buffered.length > 0 && buffer.buffered.start(0) < old - KEPT_S) buffer.remove(0, old);
      else if (this.waiting.length > 0) buffer.appendBuffer(joined(this.waiting.splice(0)));
      else this.#follow(buffer.buffered);
    } catch (error) {
      // A buffer of a video that has been replaced meanwhile.
      if (buffer === this.buffer) this.#fail(error.message);
    }
  }

  // Stay where the newest picture is about to be shown.
  #follow(buffered) {
    const { video } = this;
    const behind = this.newest - video.currentTime;
    if (behind > TOO_FAR_S && buffered.length > 0) {
      video.currentTime = Math.max(buffered.start(buffered.length - 1), this.newest - BEHIND_S / 2);
    }
    const rate = behind > 2 * BEHIND_S ? 1.25 : behind > 1.3 * BEHIND_S ? 1.05 : behind < 0.5 * BEHIND_S ? 0.9 : 1;
    if (video.playbackRate !== rate) video.playbackRate = rate;
  }

  #fail(reason) {
    this.stop();
    this.onFailed(reason);
  }
}

function joined(pieces) {
  const whole = new Uint8Array(pieces.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const each of pieces) {
    whole.set(each, at);
    at += each.length;
  }
  return whole;
}
