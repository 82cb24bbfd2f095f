// Draws a zone on a picture: corners are clicked, dragged, or moved by arrow keys; Escape leaves.

const FEWEST = 3;
const FIRST = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]; // of those who have no mouse
const STEP = 0.01;
const LARGE_STEP = 0.05;
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class ZoneDrawing {
  constructor(card, screen) {
    this.screen = screen;
    this.sheet = card.querySelector(".sheet");
    this.shape = this.sheet.querySelector("polygon");
    this.dots = this.sheet.querySelector("g");
    this.button = card.querySelector(".draw");
    this.panel = card.querySelector(".zone");
    card.querySelector(".side").prepend(this.panel); // beside the picture, or right below it
    this.row = this.panel.querySelector(".row");
    this.texts = [...this.panel.querySelectorAll("code")];
    this.offers = []; // what may be made of a zone, beside its text: [label, what to do with the corners]
    this.corners = [];
    this.dragged = null;
    this.onKey = (event) => this.#press(event);
    this.button.addEventListener("click", () => (this.isDrawing ? this.leave() : this.#drawFreely()));
    this.sheet.addEventListener("click", (event) => this.#click(event));
    this.sheet.addEventListener("pointermove", (event) => this.#drag(event));
    for (const name of ["pointerup", "pointercancel"]) this.sheet.addEventListener(name, () => this.#drop());
    this.panel.querySelector(".corner").addEventListener("click", () => this.#addOne());
    this.panel.querySelector(".undo").addEventListener("click", () => this.#undo());
    this.panel.querySelector(".leave").addEventListener("click", () => this.leave());
  }

  get isDrawing() {
    return !this.panel.hidden;
  }

  // Draw a zone for somebody: each of `offers` is [label, what gets the corners].
  begin(corners, offers) {
    if (this.isDrawing) this.leave();
    this.#open(corners, offers, false);
  }

  // Draw no more, and take away what was drawn.
  leave() {
    if (!this.isDrawing) return;
    const hadFocus = this.panel.contains(document.activeElement) || this.sheet.contains(document.activeElement);
    // An SVG element has the attribute, but no property of that name.
    document.removeEventListener("keydown", this.onKey);
    this.sheet.setAttribute("hidden", "");
    this.panel.hidden = true;
    this.button.setAttribute("aria-pressed", "false");
    this.corners = [];
    this.#show();
    if (hadFocus) this.cameFrom?.focus();
  }

  #drawFreely() {
    this.button.setAttribute("aria-pressed", "true");
    this.#open([], this.offers, true);
  }

  #open(corners, offers, isTold) {
    this.corners = corners.map((each) => [...each]);
    // Where something may be made of it here, nobody need write it down.
    for (const each of this.texts) each.parentElement.hidden = !isTold || offers.length > 0;
    this.panel.querySelectorAll(".offer").forEach((each) => each.remove());
    for (const [label, take] of offers) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "offer", textContent: label });
      button.addEventListener("click", () => {
        const zone = this.corners;
        this.leave();
        take(zone);
      });
      this.row.append(button);
    }
    document.addEventListener("keydown", this.onKey); // a click on the picture leaves the focus to nobody
    this.sheet.removeAttribute("hidden");
    this.panel.hidden = false;
    this.#show();
    this.panel.scrollIntoView({ block: "nearest" });
    this.sheet.scrollIntoView({ block: "nearest" });
    this.cameFrom = document.activeElement;
    this.panel.querySelector(".corner").focus({ preventScroll: true });
  }

  // Where somebody points, in shares of the picture.
  #at(event) {
    // The sheet lies on the screen, in which the picture may leave something free around it.
    const box = this.sheet.getBoundingClientRect();
    const [across, down] = this.screen.size;
    const scale = Math.min(box.width / across, box.height / down);
    const [width, height] = [across * scale, down * scale];
    const x = (event.clientX - box.left - (box.width - width) / 2) / width;
    const y = (event.clientY - box.top - (box.height - height) / 2) / height;
    return [clamp(x), clamp(y)];
  }

  #click(event) {
    if (event.target.tagName !== "circle") this.#add(this.#at(event));
  }

  #add(corner, at = this.corners.length) {
    this.corners.splice(at, 0, corner);
    this.#show();
  }

  // Without a pointer: four corners first, then one in the middle of the longest side.
  #addOne() {
    const count = this.corners.length;
    let at = count;
    let corner = FIRST[count];
    if (count >= FIRST.length) {
      const sides = this.corners.map(([x, y], number) => {
        const [nextX, nextY] = this.corners[(number + 1) % count];
        return { length: Math.hypot(nextX - x, nextY - y), middle: [(x + nextX) / 2, (y + nextY) / 2] };
      });
      const longest = sides.reduce((most, each, number) => (each.length > sides[most].length ? number : most), 0);
      [at, corner] = [longest + 1, sides[longest].middle.map(clamp)];
    }
    this.#add([...corner], at);
    this.dots.children[at].focus({ preventScroll: true });
  }

  #undo() {
    this.corners.pop();
    this.#show();
  }

  #drag(event) {
    if (this.dragged === null) return;
    this.corners[this.dragged] = this.#at(event);
    this.#show();
  }

  #drop() {
    this.dragged = null;
  }

  #press(event) {
    const number = [...this.dots.children].indexOf(event.target);
    if (event.key === "Escape") this.leave();
    else if (number >= 0 && event.key in WAYS) this.#move(number, WAYS[event.key], event.shiftKey ? LARGE_STEP : STEP);
    else if (number >= 0 && (event.key === "Delete" || event.key === "Backspace")) this.#remove(number);
    else return;
    event.preventDefault();
  }

  #move(number, way, step) {
    this.corners[number] = this.corners[number].map((each, axis) => clamp(each + step * way[axis]));
    this.#show();
  }

  #remove(number) {
    this.corners.splice(number, 1);
    this.#show();
    (this.dots.children[Math.max(0, number - 1)] ?? this.panel.querySelector(".corner")).focus({ preventScroll: true });
  }

  #show() {
    // In the picture's own pixels, which the sheet fits in as the screen does.
    const [width, height] = this.screen.size;
    this.sheet.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const points = this.corners.map(([x, y]) => [x * width, y * height]);
    this.shape.setAttribute("points", points.map((each) => each.join(",")).join(" "));
    this.#showDots(points, width / (matchMedia("(pointer: coarse)").matches ? 36 : 75));
    const isZone = this.corners.length >= FEWEST;
    for (const each of this.panel.querySelectorAll(".offer")) each.disabled = !isZone;
    this.panel.querySelector(".undo").disabled = this.corners.length === 0;
    const [toml, option] = this.texts;
    toml.textContent = isZone ? `zone = [${this.corners.map(([x, y]) => `[${x}, ${y}]`).join(", ")}]` : "";
    option.textContent = isZone ? `in ${this.corners.map((each) => each.join(",")).join(" ")}` : "";
  }

  // One that is dragged, or has the focus, stays the same element.
  #showDots(points, radius) {
    while (this.dots.children.length > points.length) this.dots.lastElementChild.remove();
    while (this.dots.children.length < points.length) this.dots.append(this.#dot());
    points.forEach(([x, y], number) => {
      const [across, down] = this.corners[number].map((each) => Math.round(100 * each));
      const said = { cx: x, cy: y, r: radius, "aria-label": `Corner ${number + 1}: ${across}% across, ${down}% down` };
      for (const [name, value] of Object.entries(said)) this.dots.children[number].setAttribute(name, value);
    });
  }

  #dot() {
    const circle = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    circle.setAttribute("tabindex", "0");
    circle.setAttribute("role", "button");
    circle.setAttribute("aria-description", "Arrow keys move it, Delete removes it");
    circle.addEventListener("pointerdown", (event) => {
      this.dragged = [...this.dots.children].indexOf(circle);
      circle.setPointerCapture(event.pointerId);
    });
    return circle;
  }
}

const clamp = (share) => Number(Math.min(1, Math.max(0, share)).toFixed(3));
