// What is shown of an event or a recording, and what may be done with it.

const LONGEST_S = 3600;

export class Viewer {
  // `player` plays recordings on the same element as clips are played on.
  constructor(section, player) {
    this.player = player;
    this.camera = null; // whose recording is played
    this.video = section.querySelector("video");
    this.picture = section.querySelector("img");
    this.nothing = section.querySelector(".nothing");
    this.title = section.querySelector("h2");
    this.words = section.querySelector(".words");
    this.note = section.querySelector(".note");
    this.seen = section.querySelector("#seen");
    this.clip = section.querySelector("#clip");
    this.stretch = section.querySelector("#stretch");
    this.form = this.stretch.querySelector("form");
    this.offered = null;
    this.form.addEventListener("submit", (event) => this.#download(event));
    this.video.addEventListener("error", () => {
      if (this.camera === null && this.video.error !== null) this.say("The clip cannot be played; download it instead.");
    });
    for (const each of ["since", "until"]) {
      this.form.elements[each].addEventListener("input", () => { this.isEdited = true; });
    }
  }

  describe(title, words) {
    this.title.textContent = title;
    this.words.textContent = words;
  }

  // Say what stands in the way, or nothing.
  say(text) {
    this.note.textContent = text;
    this.note.hidden = text === "";
  }

  // Offer what may be done: a clip to download, a stretch, and to mark an event as seen or not.
  offer({ camera, clip, isSeen, since, until }) {
    this.seen.hidden = isSeen === null;
    this.seen.setAttribute("aria-pressed", String(isSeen === true));
    this.seen.textContent = isSeen ? "Seen" : "Mark as seen";
    this.clip.hidden = clip === null;
    if (clip !== null) this.clip.href = clip;
    this.stretch.hidden = since === null;
    const key = `${camera} ${since}`;
    if (this.offered?.key !== key) this.isEdited = false;
    this.offered = { key, camera };
    if (since === null || this.isEdited) return;
    this.form.elements.since.value = localTime(since);
    this.form.elements.until.value = localTime(Math.max(until, since + 1));
  }

  // Play a clip from a moment on; a video that stood still stays so.
  playClip(address, poster, at = 0) {
    const isHeld = at > 0 && this.video.paused;
    this.#show(this.video);
    if (poster && at === 0) this.video.poster = poster;
    this.video.src = address;
    this.video.currentTime = at;
    if (!isHeld) this.video.play().catch(() => {});
  }

  // Play a clip as far as it has come; `onGone` is called as by the player.
  playPartial(camera, file, poster, onGone) {
    this.#show(this.video);
    if (poster) this.video.poster = poster;
    this.player.openPartial(camera, file, onGone);
  }

  playRecording(camera, file, began, at) {
    this.#show(this.video);
    this.camera = camera;
    this.player.open(camera, file, began, at);
  }

  showPicture(address) {
    this.#show(this.picture);
    this.picture.src = address;
    this.picture.alt = `Picture of ${this.title.textContent}`;
  }

  showNothing(text) {
    this.#show(this.nothing);
    this.nothing.textContent = text;
  }

  #show(one) {
    this.player.stop();
    this.camera = null;
    this.say("");
    this.video.removeAttribute("poster");
    this.picture.removeAttribute("src");
    for (const each of [this.video, this.picture, this.nothing]) each.hidden = each !== one;
    this.video.setAttribute("aria-label", `Video of ${this.title.textContent}`);
  }

  // Let the browser save a stretch; what cannot be had is said.
  async #download(event) {
    event.preventDefault();
    const { since, until } = this.form.elements;
    const [from, to] = [since, until].map((each) => new Date(each.value).getTime() / 1000);
    const span = `since=${from}&until=${to}`;
    const answer = await fetch(`/api/review/timeline?${span}`).catch(() => null);
    const said = await answer?.json().catch(() => null);
    const recorded = said?.cameras?.find(({ name }) => name === this.offered.camera)?.recordings ?? [];
    if (recorded.length === 0) {
      this.say(said === null ? "No connection to livesegment" : said.message ?? "Nothing was recorded then.");
      return;
    }
    this.say(to - from > LONGEST_S ? "A stretch is an hour at the longest." : "");
    if (to - from > LONGEST_S) return;
    const address = `/cameras/${encodeURIComponent(this.offered.camera)}/stretch.mp4?${span}`;
    const link = document.createElement("a");
    link.href = address;
    link.download = "";
    link.click();
  }
}

function localTime(time) {
  const moment = new Date(1000 * time);
  return new Date(moment.getTime() - 60000 * moment.getTimezoneOffset()).toISOString().slice(0, 19);
}
