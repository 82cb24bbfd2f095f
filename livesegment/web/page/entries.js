// The list of events and recordings, by day, as far back as there are any.

import { lengthWords, timeWords } from "./timeline.js";

export class EntryList {
  // `onChoose` is called with the entry that somebody wants to see.
  constructor(section, template, onChoose) {
    this.place = section.querySelector(".entries");
    this.template = template;
    this.onChoose = onChoose;
    this.titles = new Map();
    this.clear();
  }

  clear() {
    this.entries = []; // newest first
    this.items = new Map();
    this.days = new Map();
    this.chosen = null;
    this.place.replaceChildren();
  }

  // Take the newest entries: those that are no more at their times are taken away.
  showFirst(entries, isAll) {
    const oldest = entries.at(-1);
    const kept = isAll ? [] : this.entries.filter((each) => oldest !== undefined && isBefore(each, oldest));
    this.#show([...entries, ...kept]);
  }

  // Take the entries that follow.
  showMore(entries) {
    this.#show([...this.entries, ...entries.filter((each) => !this.items.has(keyOf(each)))]);
  }

  // Take another state of an entry, if it is listed.
  update(entry) {
    const at = this.entries.findIndex((each) => keyOf(each) === keyOf(entry));
    if (at < 0) return;
    this.entries[at] = entry;
    this.#fill(this.items.get(keyOf(entry)), entry);
  }

  // Mark an entry as the one that is shown; null: none is.
  choose(entry) {
    this.chosen = entry === null ? null : keyOf(entry);
    for (const [key, item] of this.items) {
      item.querySelector("button").setAttribute("aria-current", String(key === this.chosen));
    }
  }

  // Choose the entry so many places further down, or the first.
  step(by) {
    const at = this.entries.findIndex((each) => keyOf(each) === this.chosen);
    const next = this.entries[at < 0 ? 0 : at + by];
    if (next === undefined) return;
    this.items.get(keyOf(next)).querySelector("button").focus();
    this.onChoose(next);
  }

  #show(entries) {
    this.entries = entries;
    const keys = new Set(entries.map(keyOf));
    for (const key of this.items.keys()) if (!keys.has(key)) this.items.delete(key);
    const days = new Map();
    for (const entry of entries) {
      const day = new Date(1000 * entry.began).toDateString();
      const item = this.items.get(keyOf(entry)) ?? this.template.content.firstElementChild.cloneNode(true);
      this.items.set(keyOf(entry), item);
      this.#fill(item, entry);
      if (!days.has(day)) days.set(day, []);
      days.get(day).push(item);
    }
    const sections = [...days].map(([day, items]) => this.#day(day, items));
    for (const day of this.days.keys()) if (!days.has(day)) this.days.delete(day);
    arrange(this.place, sections);
  }

  #day(day, items) {
    let section = this.days.get(day);
    if (section === undefined) {
      section = document.createElement("section");
      section.append(document.createElement("h3"), document.createElement("ol"));
      section.querySelector("h3").textContent = dayWords(new Date(day));
      this.days.set(day, section);
    }
    arrange(section.querySelector("ol"), items);
    return section;
  }

  #fill(item, entry) {
    const button = item.querySelector("button");
    const title = this.titles.get(entry.camera) ?? entry.camera;
    button.classList.toggle("on", entry.goes_on);
    button.classList.toggle("new", entry.kind === "event" && !entry.is_seen);
    button.classList.toggle("recording", entry.kind === "recording");
    button.setAttribute("aria-current", String(keyOf(entry) === this.chosen));
    button.querySelector("strong").textContent = entryTitle(entry);
    button.querySelector(".words").textContent = `${title}, ${entryWords(entry)}`;
    button.querySelector(".marks").textContent = marksOf(entry);
    const picture = button.querySelector("img");
    picture.hidden = entry.snapshot === null;
    const address = entry.snapshot === null ? "" : eventFile(entry, entry.snapshot);
    if (address !== "" && picture.getAttribute("src") !== address) picture.src = address;
    button.onclick = () => this.onChoose(entry);
  }
}

// Have an element hold some children, and move none that stand right: one may have the focus.
function arrange(place, children) {
  let at = place.firstElementChild;
  for (const child of children) {
    if (child === at) at = at.nextElementSibling;
    else place.insertBefore(child, at);
  }
  while (at !== null) {
    const next = at.nextElementSibling;
    at.remove();
    at = next;
  }
}

export const keyOf = ({ camera, kind, id }) => `${camera}\n${kind}\n${id}`;

const isBefore = (one, other) =>
  one.began < other.began || (one.began === other.began && keyOf(one) < keyOf(other));

export const eventFile = ({ camera }, file) =>
  `/cameras/${encodeURIComponent(camera)}/events/${encodeURIComponent(file)}`;

export const entryTitle = (entry) => (entry.kind === "recording" ? "Recording" : entry.rule);

// When an entry was, how long, and how much of what.
export function entryWords(entry) {
  const { began, ended, coverage, count, counted } = entry;
  const lasted = entry.goes_on ? "going on" : ended === null ? "end not seen" : `for ${lengthWords(ended - began)}`;
  const covered = coverage === null ? "" : `${(100 * coverage).toFixed(1)}%`;
  const many = count === null ? "" : `${count} ${counted ?? ""}`.trim();
  const size = entry.size === null ? "" : `${(entry.size / 1e6).toFixed(1)} MB`;
  return [timeWords(began), lasted, entry.class ?? "", covered, many, size].filter((each) => each !== "").join(", ");
}

function marksOf(entry) {
  const marks = [];
  if (entry.goes_on) marks.push("now");
  if (entry.kind === "event" && entry.snapshot === null && entry.clip === null && entry.recording === null) marks.push("no picture");
  return marks.join(", ");
}

function dayWords(day) {
  const today = new Date();
  if (day.toDateString() === today.toDateString()) return "Today";
  return day.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long", year: "numeric" });
}
