// The events of one camera: a list with snapshots, and a dialog that plays a clip.

import { eventWords } from "./words.js";

const RECENT = 20; // as many as anybody reads

export class EventList {
  // `onEvent` is called with an event that is looked at, by its id, and with null at its end.
  constructor(card, name, onEvent) {
    this.onEvent = onEvent;
    this.known = [];
    this.isLoaded = false;
    this.path = `/cameras/${encodeURIComponent(name)}/events`;
    this.section = card.querySelector(".events");
    this.list = this.section.querySelector("ol");
    this.template = this.section.querySelector("template");
    this.dialog = card.querySelector("dialog");
    this.revision = 0;
    this.dialog.addEventListener("close", () => {
      this.#stop();
      this.onEvent(null);
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
    this.list.replaceChildren(...events.slice(0, RECENT).map((each) => this.#item(each)));
  }

  has(id) {
    return this.known.some((each) => each.id === id);
  }

  // Show an event by its id, or none.
  show(id) {
    const event = this.known.find((each) => each.id === id);
    if (event === undefined) this.dialog.close();
    else if (!this.dialog.open || this.shown !== id) this.#play(event);
  }

  #item(event) {
    const item = this.template.content.firstElementChild.cloneNode(true);
    item.classList.toggle("on", event.ended === null);
    item.querySelector("strong").textContent = event.rule;
    item.querySelector("span").textContent = eventWords(event);
    const picture = item.querySelector("img");
    picture.hidden = event.snapshot === null;
    if (event.snapshot !== null) picture.src = this.#address(event.snapshot);
    const button = item.querySelector("button");
    button.disabled = event.snapshot === null && event.clip === null;
    button.addEventListener("click", () => this.onEvent(event.id));
    return item;
  }

  #play(event) {
    this.#stop();
    this.shown = event.id;
    const video = this.dialog.querySelector("video");
    video.hidden = event.snapshot === null && event.clip === null;
    const note = this.dialog.querySelector("p");
    this.dialog.querySelector("h3").textContent = `${event.rule}, ${eventWords(event)}`;
    note.textContent = "";
    if (event.snapshot !== null) video.poster = this.#address(event.snapshot);
    video.onerror = () => {
      note.textContent = "The clip is not complete yet, or is kept no more.";
    };
    if (event.clip !== null) video.src = this.#address(event.clip);
    if (!this.dialog.open) this.dialog.showModal();
    if (event.clip !== null) video.play().catch(() => {});
  }

  #stop() {
    const video = this.dialog.querySelector("video");
    video.onerror = null;
    video.removeAttribute("src");
    video.removeAttribute("poster");
    video.load();
  }

  #address(file) {
    return `${this.path}/${encodeURIComponent(file)}`;
  }
}
