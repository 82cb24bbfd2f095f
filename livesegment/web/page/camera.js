// One camera: its picture, whether it is live, its figures, controls and coverage.

import { Chart } from "./chart.js";
import { ControlBox } from "./controls.js";
import { EventList } from "./events.js";
import { FigureLists } from "./figures.js";
import { address } from "./place.js";
import { Screen } from "./screen.js";
import { CameraSender } from "./sender.js";
import { endpointWords, since, stateWords } from "./words.js";
import { ZoneDrawing } from "./zone.js";

const STALLED_MS = 3000;
const HIDDEN = ["Hidden", "no mask to be trusted"];

export class Camera {
  constructor(template, name, { controls, send, retry, announce, withoutVideo, onPause, onSend, onEvent }) {
    this.name = name;
    this.title = name;
    this.announce = announce;
    this.askAgain = retry;
    this.onPause = onPause;
    this.isLarge = null;
    this.isPaused = false; // by who looks: others go on
    this.report = null;
    this.state = null;
    this.watchedSince = performance.now();
    this.card = template.content.firstElementChild.cloneNode(true);
    this.card.dataset.camera = name;
    this.screen = new Screen(this.#find("canvas"), this.#find(".picture > video"), withoutVideo);
    this.chart = new Chart(this.#find(".chart"));
    this.controls = new ControlBox(this.card, name, controls, send);
    this.events = new EventList(this.card, name, onEvent);
    this.figures = new FigureLists(this.card);
    this.sender = new CameraSender(this.card, name, onSend);
    this.zone = new ZoneDrawing(this.card, this.screen);
    for (const link of this.card.querySelectorAll("[data-link]")) {
      link.href = `/cameras/${encodeURIComponent(name)}/${link.dataset.link}`;
    }
    this.picture = this.#find(".picture");
    this.#find(".retry").addEventListener("click", () => this.retry());
    this.#find(".pause").addEventListener("click", () => this.pause());
    this.#find(".whole").addEventListener("click", () => this.toggleFullScreen());
    this.#find(".whole").hidden = !document.fullscreenEnabled;
    this.picture.addEventListener("fullscreenchange", () => this.#showBar());
    this.#showBar();
    this.#find("h2").id = `camera-${name}`;
    this.card.setAttribute("aria-labelledby", `camera-${name}`);
    this.enlarge(false);
    this.picture.addEventListener("click", (event) => this.#enter(event.target));
  }

  // Take what the server says about the camera, about the figures that there are, and about who looks.
  update(report, now, rows, mayChange) {
    this.report = report;
    if (this.title !== report.title || this.#find("h2").textContent === "") this.#rename(report.title);
    this.figures.show(rows, report.figures, report.currency);
    const endpoint = this.#find(".endpoint");
    endpoint.textContent = endpointWords(report.endpoint, report.endpoint_text);
    // A camera that never gave a picture has nothing that a mask could be waited for.
    endpoint.hidden = endpoint.textContent === "" || (report.endpoint === "waiting" && report.state !== "running");
    endpoint.classList.toggle("bad", report.endpoint === "trouble");
    endpoint.dataset.circuit = report.circuit;
    endpoint.title = endpoint.textContent;
    this.#find(".retry").hidden = report.endpoint !== "trouble" || !mayChange;
    this.controls.show(report.controls, report.classes, mayChange);
    this.sender.show(report.inlet, mayChange);
    this.chart.add(report.history, now);
    this.chart.draw(report.classes, now);
    this.events.update(report.events_revision);
    this.showState(now);
  }

  // Say whether what is on the canvas is live. Without `now` the server does not answer.
  showState(now) {
    const state = now === null ? "offline" : this.#stateNow();
    const words = stateWords(state);
    this.card.dataset.mood = words.mood;
    this.#find(".state .word").textContent = words.word;
    this.#veil(...(state === "running" && this.report.is_hidden ? HIDDEN : [words.veil, this.#reason(state, now)]));
    if (state !== this.state) this.#tell(words);
    this.state = state;
  }

  // Whether pictures come, also while who looks holds one.
  get isLive() {
    return this.state === "running" || (this.isPaused && this.state === "paused" && this.report.state === "running");
  }

  // Begin anew to wait for pictures: none came while nobody looked.
  watchFromNow() {
    this.watchedSince = performance.now();
  }

  // Take a part of the stream.
  take(part) {
    if (!this.isPaused) this.screen.take(part);
  }

  // Hold the picture, or go on with what is newest.
  pause() {
    this.isPaused = !this.isPaused;
    this.screen.hold(this.isPaused);
    this.watchFromNow();
    this.#showBar();
    this.announce(`${this.title}: ${this.isPaused ? "paused" : "goes on"}`);
    this.onPause(this.isPaused);
  }

  toggleFullScreen() {
    if (!document.fullscreenEnabled) return;
    if (document.fullscreenElement === this.picture) document.exitFullscreen();
    else this.picture.requestFullscreen().catch(() => {});
  }

  saveSnapshot() {
    const link = document.createElement("a");
    link.href = `/cameras/${encodeURIComponent(this.name)}/snapshot.jpg`;
    link.download = `${this.name}-${new Date().toISOString().replaceAll(":", "-")}.jpg`;
    link.click();
    this.announce(`${this.title}: snapshot`);
  }

  // Have the endpoint asked at once, though it wants to be left alone for a while.
  async retry() {
    if (this.#find(".retry").hidden) return;
    const isDone = await this.askAgain();
    this.announce(`${this.title}: ${isDone ? "asking the endpoint" : "no connection to livesegment"}`);
  }

  // Stand alone on the page, with all there is beside the picture; or as one of many.
  enlarge(isLarge) {
    if (isLarge === this.isLarge) return;
    this.isLarge = isLarge;
    this.card.classList.toggle("large", isLarge);
    const link = this.#find(".enlarge");
    link.textContent = isLarge ? "All cameras" : "Enlarge";
    link.href = isLarge ? "#" : address(this.name);
    this.#name(link, isLarge ? "" : this.title);
    this.#find(".more").open = isLarge;
  }

  #enter(target) {
    if (target.matches(".screen, .veil, .veil *") && !this.isLarge) this.#find(".enlarge").click();
  }

  #rename(title) {
    this.title = title;
    this.#find("h2").textContent = title;
    this.#find("h2").title = title;
    this.#showBar();
    this.#name(this.#find(".enlarge"), this.isLarge ? "" : title);
  }

  // Of many buttons that look the same, say whose this one is.
  #name(button, whose) {
    button.setAttribute("aria-label", `${button.textContent.trim()} ${whose}`.trim());
  }

  #veil(text, reason) {
    const veil = this.#find(".veil");
    veil.hidden = text === "";
    veil.querySelector("strong").textContent = text;
    veil.querySelector("span").textContent = reason;
  }

  #showBar() {
    const isWhole = document.fullscreenElement === this.picture;
    for (const [name, isOn, text] of [
      [".pause", this.isPaused, this.isPaused ? "Go on" : "Pause"],
      [".whole", isWhole, isWhole ? "Leave full screen" : "Full screen"],
    ]) {
      const button = this.#find(name);
      button.classList.toggle("is-on", isOn);
      button.title = text;
      button.querySelector("span").textContent = text;
      this.#name(button, this.title);
    }
    // What is in the picture is read there too while nothing else is to be seen.
    const legend = this.#find(".legend");
    if (isWhole) this.picture.append(legend);
    else this.#find(".name .state").after(legend);
    this.card.classList.toggle("held", this.isPaused);
  }

  #stateNow() {
    if (this.isPaused && this.report.state === "running") return "paused";
    const last = Math.max(this.screen.shownAt, this.watchedSince);
    const isStalled = performance.now() - last > STALLED_MS;
    return this.report.state === "running" && isStalled ? "stalled" : this.report.state;
  }

  #reason(state, now) {
    if (state === "offline" || this.report === null) return "";
    if (this.report.state_text) return this.report.state_text;
    if (state === "stalled") return since((performance.now() - this.screen.shownAt) / 1000);
    return this.report.since === null ? "" : since(now - this.report.since);
  }

  #tell(words) {
    const text = words.veil || words.word;
    for (const each of this.card.querySelectorAll(".screen")) {
      each.setAttribute("aria-label", `Picture of ${this.title}: ${text}`);
    }
    // The first state is no change.
    if (this.state !== null) this.announce(`${this.title}: ${text}`);
  }

  #find(selector) {
    return this.card.querySelector(selector);
  }
}
