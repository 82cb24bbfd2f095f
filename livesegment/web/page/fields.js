// Fields of forms, drawn as the server describes each value: what is left empty is not in the file.

import { made, row } from "./made.js";

const LABELS = {
  "camera.title": "Name for people",
  "overlay.style": "Style",
  "overlay.opacity": "Opacity",
  "overlay.classes": "Only these classes",
  "overlay.legend": "Legend",
  "picture.align": "Late masks",
  "picture.smooth": "Calm edges",
  "picture.mirror": "Mirror",
  "picture.fps_limit": "Pictures a second at most",
  "record.on": "Record",
  "record.segment": "Minutes a file",
  "record.keep": "Keep at most",
  "rule.name": "Name",
  "rule.class": "Class",
  "rule.for": "For how many seconds",
  "rule.hysteresis": "Hysteresis, percent",
  "rule.cooldown": "Seconds until the next",
  "rule.count_hysteresis": "Hysteresis, objects",
  "rule.smallest": "Smallest region, percent",
};

const ORDER = Object.keys(LABELS);

// Return what is described in the order in which people look for it.
export const inOrder = (described) => [...described].sort((one, other) => ORDER.indexOf(one.key) - ORDER.indexOf(other.key));

const shown = (value) => {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return Array.isArray(value) ? value.join(", ") : String(value);
};

const READ = {
  flag: (text) => (text === "" ? null : text === "yes"),
  choice: (text) => text || null,
  number: (text) => (text === "" ? null : Number(text)),
  names: (text) => (text.trim() === "" ? null : text.split(",").map((each) => each.trim()).filter((each) => each)),
  text: (text) => text.trim() || null,
};

export class Field {
  // `own` is what the file says, null where it says nothing; `shared` is what holds then.
  constructor(described, own, shared = null) {
    this.key = described.key;
    this.kind = described.kind in READ ? described.kind : "text";
    this.before = own ?? null;
    const elsewhere = shared === null ? "" : shown(shared);
    this.input = this.#input(described, elsewhere);
    this.input.name = this.key;
    this.input.title = described.help;
    this.element = row(LABELS[this.key] ?? this.key, this.input);
    this.put(this.before);
  }

  put(value) {
    this.input.value = value === null || value === undefined ? "" : shown(value);
  }

  get value() {
    return READ[this.kind](this.input.value);
  }

  get isChanged() {
    return JSON.stringify(this.value) !== JSON.stringify(this.before);
  }

  #input({ values, low, high }, elsewhere) {
    if (this.kind === "flag" || this.kind === "choice") {
      const known = this.kind === "flag" ? ["yes", "no"] : values;
      const open = new Option(elsewhere ? `As for all cameras (${elsewhere})` : "Not said", "");
      return made("select", {}, open, ...known.map((each) => new Option(each[0].toUpperCase() + each.slice(1), each)));
    }
    if (this.kind !== "number") return made("input", { type: "text", placeholder: elsewhere, maxLength: 200 });
    const input = made("input", { type: "number", step: "any", placeholder: elsewhere });
    if (low !== null) input.min = low;
    if (high !== null) input.max = high;
    return input;
  }
}

// Return what was changed in some fields, by their keys.
export const changed = (fields) =>
  Object.fromEntries(fields.filter((each) => each.isChanged).map((each) => [each.key, each.value]));
