// The events of one camera: a list with snapshots, and a dialog that plays a clip.

import { RecordingPlayer } from "./recording.js";
import { eventWords } from "./words.js";

const RECENT = 20; // as many as anybody reads
const AGAIN_MS = 2000; // a clip is there some seconds after its event

export class EventList {
  // `onEvent` is called with an event that is looked at, by its id, and with null at its end.
  constructor(card, name, onEvent) {
    this.name = name;
    this.onEvent = onEvent;
    this.known = [];
    this.isLoaded = false;
    this.path = `/cameras/${encodeURIComponent(name)}/events`;
    this.section = card.querySelector(".events");
    this.list = this.section.querySelector("ol");
    this.template = this.section.querySelector("template");
    this.dialog = card.querySelector("dialog");
    this.video = this.dialog.querySelector("video");
    this.player = new RecordingPlayer(this.video, () => {}, (text) => this.#say(text));
    this.revision = 0;
    this.shown = null;
    // It is told after it has happened, when the dialog may be open again.
    this.dialog.addEventListener("close", () => {
      if (this.dialog.open) return;
      this.#stop();
      if (this.shown !== null) this.onEvent(null);
    });
    this.dialog.querySelector("button").addEventListener("click", () => this.dialog.close());
  }

  // Ask for the list if it is another one than that shown.
  async update(revision) {
    if (revision === 0) this.isLoaded = true;
    if (revision === this.revision) return;
    this.revision = revision;
    const answer = await fetch(`/api${this.path}`).catch(() => null);
    if (!answer?.ok) {
      this.revision = -1; // once more with the next report
      return;
    }
    const { events } = await answer.json();
    this.known = events;
    this.isLoaded = true;
    this.section.hidden = events.length === 0;
    const shown = this.dialog.open ? events.find((each) => each.id === this.shown) : undefined;
    if (shown !== undefined) this.#title(shown);
    if (shown !== undefined && shown.clip !== this.clip) this.#play(shown); // it is over meanwhile
    this.list.replaceChildren(...events.slice(0, RECENT).map((each) => this.#item(each)));
  }

  has(id) {
    return this.known.some((each) => each.id === id);
  }

  // Show an event by its id, or none.
  show(id) {
    const event = this.known.find((each) => each.id === id);
    if (event === undefined) this.#leave();
    else if (this.#isInRecording(event)) location.replace(this.#recording(event));
    else if (!this.dialog.open || this.shown !== id) this.#play(event);
  }

  // Close because the address names no event, or not this one: it stays as it is.
  #leave() {
    this.shown = null;
    this.dialog.close();
  }

  #item(event) {
    const item = this.template.content.firstElementChild.cloneNode(true);
    item.classList.toggle("on", event.goes_on);
    item.querySelector("strong").textContent = event.rule;
    item.querySelector("span").textContent = eventWords(event);
    const picture = item.querySelector("img");
    picture.hidden = event.snapshot === null;
    if (event.snapshot !== null) picture.src = this.#address(event.snapshot);
    const button = item.querySelector("button");
    button.disabled = event.snapshot === null && event.clip === null && !event.is_recorded;
    button.addEventListener("click", () => {
      if (this.#isInRecording(event)) location.href = this.#recording(event);
      else this.onEvent(event.id);
    });
    return item;
  }

  // Without a clip it is shown where its moment was recorded.
  #isInRecording(event) {
    return event.clip === null && event.is_recorded;
  }

  #recording(event) {
    return `/review?${new URLSearchParams({ of: this.name, event: event.id })}`;
  }

  #play(event) {
    this.#stop();
    [this.shown, this.clip] = [event.id, event.clip];
    this.video.hidden = event.snapshot === null && event.clip === null;
    this.#title(event);
    this.#say(event.goes_on && event.clip === null ? "It goes on; its clip is there when it is over." : "");
    if (event.snapshot !== null) this.video.poster = this.#address(event.snapshot);
    if (!this.dialog.open) this.dialog.showModal();
    if (event.clip !== null) this.#playClip(event);
  }

  #title(event) {
    this.dialog.querySelector("h3").textContent = `${event.rule}, ${eventWords(event)}`;
  }

  // Play a clip from a moment on, or what there is of it while it is not complete.
  #playClip(event, at = 0) {
    const { video } = this;
    const isHeld = at > 0 && video.paused;
    if (at > 0) video.removeAttribute("poster");
    this.player.stop();
    video.onloadeddata = () => this.#say("");
    video.onerror = () => {
      video.onerror = null;
      this.player.openPartial(this.name, event.clip, (shown) => {
        if (shown !== null) this.#playClip(event, shown);
        else this.#playLater(event);
      });
    };
    video.src = this.#address(event.clip);
    video.currentTime = at;
    if (!isHeld) video.play().catch(() => {});
  }

  #playLater(event) {
    this.#say("The clip is not complete yet, or is kept no more. It plays as soon as it is there.");
    this.again = setTimeout(() => this.#playClip(event), AGAIN_MS);
  }

  #say(text) {
    this.dialog.querySelector("p").textContent = text;
  }

  #stop() {
    clearTimeout(this.again);
    this.video.onerror = this.video.onloadeddata = null;
    this.video.removeAttribute("poster");
    this.player.stop();
  }

  #address(file) {
    return `${this.path}/${encodeURIComponent(file)}`;
  }
}
