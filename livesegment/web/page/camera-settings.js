// The settings of one camera, beside its picture: what the file says of it, and what it shall say.

import { changed, Field, inOrder } from "./fields.js";
import { button, holding, made } from "./made.js";
import { address } from "./place.js";
import { hiddenLine, listed, RuleForm, ruleLine } from "./rules.js";
import { SourceField } from "./source-field.js";

const PARTS = [
  ["Picture", ["overlay.", "picture."]],
  ["Recording", ["record."]],
];

export class CameraSettings {
  constructor(camera, saved, announce) {
    this.camera = camera;
    this.saved = saved;
    this.announce = announce;
    this.arePhonesTold = false;
    this.open = new Set(["Camera"]); // parts that somebody has opened
    this.rule = undefined; // the number of the rule that is changed; null: a new one
    this.section = made("section", { className: "settings", hidden: true });
    this.section.setAttribute("aria-label", "Settings");
    this.button = button("Settings", () => (this.isOpen ? this.close() : this.show()), "plain");
    this.button.setAttribute("aria-expanded", "false");
    this.drawPlace = camera.zone.button.parentElement;
    this.tools = made("p", { className: "tools" }, this.button, camera.zone.button);
    camera.card.querySelector(".sender").before(this.tools, this.section);
    this.section.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !camera.zone.isDrawing) this.close();
    });
    camera.zone.offers = [
      ["Make a rule of it", (zone) => this.#newRule(zone)],
      ["Hide it", (zone) => this.#hide(null, zone)],
    ];
  }

  // Say how phones are told, unless they are.
  tellOfPhones(areTold) {
    this.arePhonesTold = areTold;
    for (const each of this.section.querySelectorAll(".of-phones")) each.hidden = areTold;
  }

  get isOpen() {
    return !this.section.hidden;
  }

  // Take back that anything may be changed here.
  remove() {
    this.camera.zone.leave();
    this.camera.zone.offers = [];
    this.drawPlace.append(this.camera.zone.button);
    this.section.remove();
    this.tools.remove();
  }

  async show() {
    this.section.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    const enlarge = this.camera.card.querySelector(".enlarge");
    if (!this.camera.card.classList.contains("large")) enlarge?.click();
    await this.#again();
    this.section.querySelector("summary, button")?.focus({ preventScroll: true });
  }

  close() {
    this.rule = undefined;
    this.camera.zone.leave();
    this.section.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    this.button.focus();
  }

  async #again(said = "") {
    try {
      await this.saved.ask();
    } catch (error) {
      said = error.message;
    }
    this.#draw(said);
  }

  #draw(said = "") {
    const mine = this.saved.camera(this.camera.name);
    const problem = said || this.saved.said?.problem || "";
    const head = made("header", {}, made("h3", {}, "Settings"), button("Close", () => this.close()));
    this.said = made("p", { className: "problem" }, problem);
    this.said.setAttribute("role", "alert");
    this.said.tabIndex = -1;
    this.section.replaceChildren(head, this.said);
    if (mine === undefined) return;
    this.section.append(
      this.#part("Camera", this.#identity(mine)),
      ...PARTS.map(([title, tables]) => this.#part(title, this.#values(mine, title, tables))),
      this.#part(`Rules (${mine.rules.length})`, this.#rules(mine)),
      this.#part(`Hidden parts (${mine.hidden.length})`, this.#hidden(mine)),
    );
  }

  #part(title, inside) {
    const name = title.replace(/ \(.*/, "");
    const part = made("details", { open: this.open.has(name) }, made("summary", {}, title), inside);
    part.addEventListener("toggle", () => (part.open ? this.open.add(name) : this.open.delete(name)));
    return part;
  }

  // Save a change; return why it could not be, or null.
  async #save(path, change, done) {
    try {
      await this.saved.save(`/${encodeURIComponent(this.camera.name)}${path}`, change);
    } catch (error) {
      if (error.status !== 409) return error;
      this.rule = undefined;
      this.#draw(error.message);
      this.said.focus();
      return null;
    }
    this.announce(`${this.camera.title}: ${done}`);
    this.rule = undefined;
    this.#draw();
    this.said.className = "done";
    this.said.textContent = `${done[0].toUpperCase()}${done.slice(1)}.`;
    this.said.focus();
    return null;
  }

  #form(inside, onSubmit, more = []) {
    const said = made("p", { className: "problem" });
    said.setAttribute("role", "alert");
    const submit = made("button", { type: "submit" }, "Save");
    const form = made("form", {}, ...inside, said, made("p", { className: "row" }, submit, ...more));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      holding([submit], async () => (said.textContent = (await onSubmit())?.message ?? ""));
    });
    return form;
  }

  #described(prefixes) {
    return this.saved.said.fields.filter((each) => prefixes.some((prefix) => each.key.startsWith(prefix)));
  }

  #identity(mine) {
    const title = new Field(this.#described(["camera.title"])[0], mine.own["camera.title"]);
    const source = new SourceField(mine.source, this.saved.said.devices, (typed) => this.saved.look(mine.name, typed));
    const submit = async () => {
      const change = { values: changed([title]), ...(source.isChanged ? source.change : {}) };
      const error = await this.#save("", change, "saved");
      if (error?.status !== 422) return error;
      source.refuse(error);
      return null;
    };
    const remove = button("Remove this camera", () => this.#remove(), "plain danger");
    const { cameras, may_be_empty: mayBeEmpty } = this.saved.said;
    remove.hidden = cameras.length === 1 && !mayBeEmpty; // a file that is named has one at least
    return this.#form([title.element, source.element], submit, [remove]);
  }

  async #remove() {
    if (!confirm(`Remove ${this.camera.title}? What it has recorded stays.`)) return;
    const error = await this.#save("/remove", {}, "removed");
    if (error !== null) this.said.textContent = error.message;
    else if (this.camera.isLarge) location.replace(address()); // its own leads nowhere now
  }

  #values(mine, title, tables) {
    if (title === "Recording" && !mine.has_folder) {
      return made("p", { className: "hint" }, "Where recordings go is said in the file: [record] folder = ...");
    }
    const fields = inOrder(this.#described(tables)).map((each) => new Field(each, mine.own[each.key], this.saved.said.shared[each.key]));
    const submit = () => this.#save("", { values: changed(fields) }, "saved");
    const more = title === "Picture" ? [button("Copy from the controls", () => this.#takeControls(fields))] : [];
    return this.#form(fields.map((each) => each.element), submit, more);
  }

  // Put into the form what the controls below the picture are set to.
  #takeControls(fields) {
    const { style, opacity, show_legend: legend, classes, align } = this.camera.report.controls;
    const now = { "overlay.style": style, "overlay.opacity": opacity, "overlay.legend": legend, "overlay.classes": classes, "picture.align": align };
    for (const each of fields) if (each.key in now) each.put(now[each.key]);
  }

  #rules(mine) {
    const box = made("div", { className: "list" });
    if (this.rule === undefined) {
      const actions = [
        ["Change", (number) => this.#openRule(number)],
        ["Remove", (number) => this.#tell(this.#save("/rules", { number, table: null }, "rule removed"))],
      ];
      box.append(listed("rule", mine.rules, ruleLine, actions), button("Add a rule", () => this.#openRule(null)));
      box.append(made("p", { className: "hint of-phones", hidden: this.arePhonesTold }, "To have a phone told, write ", made("code", {}, 'notify = ["ntfy://HOST/TOPIC"]'), ` below [events] in ${this.saved.said.file}, and start livesegment again.`));
      return box;
    }
    const rule = this.rule === null ? { zone: this.drawn } : mine.rules[this.rule];
    const form = new RuleForm(rule, this.#described(["rule."]), this.camera.report.classes.map((each) => each.name), {
      draw: (corners, take) => this.camera.zone.begin(corners, [["Take this zone", take]]),
      save: async (table) => (await this.#save("/rules", { number: this.rule, table }, "rule saved"))?.message,
      leave: () => this.#openRule(undefined),
    });
    box.append(form.element);
    return box;
  }

  #openRule(number) {
    this.rule = number;
    this.open.add("Rules");
    this.camera.zone.leave();
    this.#draw();
    const first = this.section.querySelector(number === undefined ? ".list button" : ".rule input");
    first?.focus();
    first?.scrollIntoView({ block: "nearest" });
    this.drawn = undefined;
  }

  async #newRule(zone) {
    if (!this.isOpen) {
      this.open.delete("Camera"); // the rule is what they want to see
      await this.show();
    }
    this.drawn = zone;
    this.#openRule(null);
  }

  #hidden(mine) {
    const actions = [
      ["Change", (number) => this.#drawHidden(number, this.#turned(mine.hidden[number]))],
      ["Remove", (number) => this.#tell(this.#save("/hidden", { number, table: null }, "part shown again"))],
    ];
    const hint = made("p", { className: "hint" }, "Black in everything, what is sent to a model included.");
    return made("div", { className: "list" }, hint, listed("part", mine.hidden, hiddenLine, actions), button("Hide a part", () => this.#drawHidden(null, [])));
  }

  #drawHidden(number, corners) {
    this.camera.zone.begin(corners, [["Hide this part", (zone) => this.#hide(number, zone)]]);
  }

  async #hide(number, zone) {
    if (!this.isOpen) await this.show();
    this.open.add("Hidden parts");
    await this.#tell(this.#save("/hidden", { number, table: { zone: this.#turned(zone) } }, "part hidden"));
  }

  // What is hidden is told as the camera gives it, which the picture shows turned where it is a mirror.
  #turned(zone) {
    const isMirrored = this.saved.value(this.camera.name, "picture.mirror");
    return isMirrored ? zone.map(([x, y]) => [Number((1 - x).toFixed(3)), y]) : zone;
  }

  async #tell(saving) {
    const error = await saving;
    if (error !== null) this.said.textContent = error.message;
  }
}
