// The keys of the window, on the page: they are for the camera that is looked at.

const DOES = {
  " ": (camera) => camera.pause(),
  f: (camera) => camera.toggleFullScreen(),
  s: (camera) => camera.saveSnapshot(),
  a: (camera) => camera.controls.choose("align"),
  "[": (camera) => camera.controls.step("opacity", -0.1),
  "]": (camera) => camera.controls.step("opacity", 0.1),
  o: (camera) => camera.controls.toggle("show_overlay"),
  l: (camera) => camera.controls.toggle("show_legend"),
  r: (camera) => camera.retry(),
};
for (const at of [0, 1, 2, 3]) DOES[String(at + 1)] = (camera) => camera.controls.choose("style", at);

// What keys mean something else to; to those in the second line only the space does.
const TYPED_IN = "select, textarea, input:not([type=range], [type=radio], [type=checkbox])";
const PRESSED = "button, a, summary, input, video[controls]";

export class Keys {
  // `lookedAt` returns the camera that keys are for, or null.
  constructor(dialog, button, lookedAt) {
    this.dialog = dialog;
    this.lookedAt = lookedAt;
    document.addEventListener("keydown", (event) => this.#press(event));
    button.addEventListener("click", () => this.#toggleList());
    dialog.querySelector("button").addEventListener("click", () => dialog.close());
  }

  // Say which keys there are, each as how it is called and what it does.
  show(keys) {
    const rows = keys.map(({ shown, does }) => {
      const row = document.createElement("div");
      const [name, text] = [document.createElement("dt"), document.createElement("dd")];
      name.textContent = shown;
      text.textContent = does;
      row.append(name, text);
      return row;
    });
    this.dialog.querySelector("dl").replaceChildren(...rows);
  }

  #press(event) {
    const { key, target } = event;
    if (event.ctrlKey || event.altKey || event.metaKey || target.matches(TYPED_IN)) return;
    if (key === "?" || key === "F1") this.#toggleList();
    else if (document.querySelector("dialog[open]") !== null || (key === " " && target.matches(PRESSED))) return;
    else if (Object.hasOwn(DOES, key) && this.lookedAt() !== null) DOES[key](this.lookedAt());
    else return;
    event.preventDefault();
  }

  #toggleList() {
    if (this.dialog.open) this.dialog.close();
    else if (document.querySelector("dialog[open]") === null) this.dialog.showModal();
  }
}
