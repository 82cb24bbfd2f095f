// The rules of a camera, and the parts of its picture that nobody may see.

import { Field } from "./fields.js";
import { button, made, row, suggest } from "./made.js";

const BEGINS = {
  above: "it covers more than … %",
  below: "it covers less than … %",
  count_above: "there are more than …",
  count_below: "there are fewer than …",
};
const SENTENCES = {
  above: (name, number) => `${name} covers more than ${number}%`,
  below: (name, number) => `${name} covers less than ${number}%`,
  count_above: (name, number) => `more than ${number} ${name}`,
  count_below: (name, number) => `fewer than ${number} ${name}`,
};
const MORE = ["hysteresis", "cooldown", "count_hysteresis", "smallest"];

const zoneWords = (zone) => (zone ? `a zone of ${zone.length} corners` : "the whole picture");

function ruleWords(rule) {
  const begin = Object.keys(BEGINS).find((each) => each in rule);
  const lasting = rule.for === undefined ? "" : ` for ${rule.for} s`;
  return `${SENTENCES[begin](rule.class, rule[begin])} in ${zoneWords(rule.zone)}${lasting}`;
}

export class RuleForm {
  // `draw` lets somebody draw a zone and hands it over; `save` gets the whole table.
  constructor(rule, described, classes, { draw, save, leave }) {
    this.zone = rule.zone ?? null;
    const known = (key) => described.find((each) => each.key === `rule.${key}`);
    this.fields = ["name", "class", "for", ...MORE].map((key) => new Field(known(key), rule[key]));
    const [name, kind, seconds, ...more] = this.fields;
    kind.input.required = true;
    if (rule.class === undefined && classes.length === 1) kind.put(classes[0]);
    const names = suggest(kind.input, classes);
    const begin = Object.keys(BEGINS).find((each) => each in rule) ?? "above";
    this.begin = made("select", {}, ...Object.entries(BEGINS).map(([key, text]) => new Option(text, key, false, key === begin)));
    this.threshold = made("input", { type: "number", min: 0, step: "any", required: true, value: rule[begin] ?? 5 });
    this.where = made("output", {}, zoneWords(this.zone));
    this.drawing = button("Draw a zone", () => draw(this.zone ?? [], (zone) => this.#take(zone)));
    this.said = made("p", { className: "problem" });
    this.said.setAttribute("role", "alert");
    this.element = made(
      "form",
      { className: "rule" },
      name.element,
      kind.element,
      names,
      row("An event begins when", this.begin),
      row("How much, or how many", this.threshold),
      seconds.element,
      made("p", { className: "row" }, made("span", {}, "Looks at "), this.where, this.drawing, button("Whole picture", () => this.#take(null))),
      made("details", {}, made("summary", {}, "More"), ...more.map((each) => each.element)),
      this.said,
      made("p", { className: "row" }, made("button", { type: "submit" }, "Save the rule"), button("Cancel", leave)),
    );
    this.element.addEventListener("submit", async (event) => {
      event.preventDefault();
      this.said.textContent = (await save(this.table)) ?? "";
    });
  }

  #take(zone) {
    this.zone = zone;
    this.where.textContent = zoneWords(zone);
    this.drawing.focus();
  }

  get table() {
    const said = Object.fromEntries(this.fields.map((each) => [each.key.replace("rule.", ""), each.value]));
    const begins = Object.fromEntries(Object.keys(BEGINS).map((key) => [key, key === this.begin.value ? Number(this.threshold.value) : null]));
    return { ...said, ...begins, zone: this.zone };
  }
}

// A list of what there is, each with what may be done to it.
export function listed(title, items, words, actions) {
  const list = made("ul", {});
  items.forEach((item, number) => {
    const buttons = actions.map(([label, act]) => {
      const each = button(label, () => act(number));
      each.setAttribute("aria-label", `${label} ${title} ${number + 1}: ${words(item)}`);
      return each;
    });
    list.append(made("li", {}, made("span", {}, words(item)), ...buttons));
  });
  return list;
}

export const ruleLine = (rule) => (rule.name ? `${rule.name}: ${ruleWords(rule)}` : ruleWords(rule));
export const hiddenLine = (zone) => `A part with ${zone.length} corners`;
