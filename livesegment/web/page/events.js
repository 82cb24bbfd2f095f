// The events of one camera: a list with snapshots, and a dialog that plays a clip.

import { eventWords } from "./words.js";

const RECENT = 20; // as many as anybody reads

export class EventList {
  constructor(card, name) {
    this.name = name;
    this.path = `/cameras/${encodeURIComponent(name)}/events`;
    this.section = card.querySelector(".events");
    this.list = this.section.querySelector("ol");
    this.template = this.section.querySelector("template");
    this.dialog = card.querySelector("dialog");
    this.revision = 0;
    this.dialog.addEventListener("close", () => this.#stop());
    this.dialog.querySelector("button").addEventListener("click", () => this.dialog.close());
  }

  // Ask for the list if it is another one than that shown.
  async update(revision) {
    if (revision === this.revision) return;
    this.revision = revision;
    const answer = await fetch(`/api${this.path}`).catch(() => null);
    if (!answer?.ok) {
      this.revision = -1; // once more with the next report
      return;
    }
    const { events } = await answer.json();
    this.section.hidden = events.length === 0;
    this.list.replaceChildren(...events.slice(0, RECENT).map((each) => this.#item(each)));
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
    button.addEventListener("click", () => this.#show(event));
    return item;
  }

  // Without a clip it is shown where its moment was recorded.
  #show(event) {
    if (event.clip !== null || !event.is_recorded) this.#play(event);
    else location.href = `/review?${new URLSearchParams({ of: this.name, event: event.id })}`;
  }

  #play(event) {
    const video = this.dialog.querySelector("video");
    const note = this.dialog.querySelector("p");
    this.dialog.querySelector("h3").textContent = `${event.rule}, ${eventWords(event)}`;
    note.textContent = "";
    if (event.snapshot !== null) video.poster = this.#address(event.snapshot);
    video.onerror = () => {
      note.textContent = "The clip is not complete yet, or is kept no more.";
    };
    if (event.clip !== null) video.src = this.#address(event.clip);
    this.dialog.showModal();
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
