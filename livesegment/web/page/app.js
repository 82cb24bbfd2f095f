// Keeps the page in step with the cameras: reports once a second, pictures as they come.

import { Camera } from "./camera.js";
import { priceWords } from "./figures.js";
import { Keys } from "./keys.js";
import { Layout } from "./layout.js";
import { PhoneTest } from "./phones.js";
import { enterEvent, here, leaveEvent } from "./place.js";
import { canPlay } from "./player.js";
import { Settings } from "./settings.js";
import { readParts, StreamRefused } from "./stream.js";

const REPORT_MS = 1000;
const RETRY_MS = 1000;
const SILENT_MS = 10000; // of a connection that ended without a word, as after a sleep
const NO_EVENT = "This event is not among the newest of its camera any more.";
const LONGEST = 80; // characters that are repeated of an address, which may be anything
const OVERLAP_S = 5; // points of coverage asked for again: one may have come a little late

const main = document.getElementById("cameras");
const template = document.getElementById("camera");
const summary = document.getElementById("summary");
const announcer = document.getElementById("announcer");
const logOut = document.getElementById("log-out");
const looking = document.getElementById("looking");
const nowhere = document.getElementById("nowhere");
const layout = new Layout(main);
const cameras = new Map();
let controls = null; // what may be changed, and how it is drawn
let lastReportS = 0;
let stream = null;
let openedAt = 0;
let playsVideo = canPlay();
let isSought = false; // the event that the address names, until the list of its camera has come

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

function announce(text) {
  announcer.textContent = text;
}

async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return answer.ok;
  } catch {
    return false;
  }
}

function newCamera(name) {
  return new Camera(template, name, {
    controls,
    announce,
    withoutVideo,
    onPause,
    onSend: openStream,
    onEvent: (id) => onEvent(name, id),
    send: (change) => post(`/api/cameras/${encodeURIComponent(name)}/controls`, change),
    retry: () => post(`/api/cameras/${encodeURIComponent(name)}/retry`, {}),
  });
}

// Add and remove cards, so that they are those of the reports and in their order.
function arrange(reports) {
  const names = reports.map((each) => each.name);
  if (names.join("\n") === [...cameras.keys()].join("\n")) return;
  const before = new Map(cameras);
  cameras.clear();
  for (const name of names) cameras.set(name, before.get(name) ?? newCamera(name));
  main.replaceChildren(...[...cameras.values()].map((each) => each.card));
  main.dataset.count = String(names.length);
  show();
  openStream();
}

// Show what the address names: all cameras, one, or an event of it.
function show() {
  const { camera: name, event } = here();
  const all = [...cameras.values()];
  const named = name === null ? all.find((each) => each.events.has(event)) : cameras.get(name);
  const alone = named ?? (all.length === 1 ? all[0] : undefined);
  for (const each of all) {
    each.enlarge(each === alone);
    each.events.show(each === named ? event : null);
  }
  const isNoCamera = name !== null && named === undefined;
  const asked = named === undefined ? all : [named];
  const isNoEvent = event !== null && asked.every((each) => each.events.isLoaded && !each.events.has(event));
  nowhere.textContent = isNoCamera ? `There is no camera “${name.slice(0, LONGEST)}” here.` : isNoEvent ? NO_EVENT : "";
  isSought = event !== null && !isNoEvent && !named?.events.has(event);
  layout.arrange();
}

function onEvent(camera, id) {
  if (id !== null) enterEvent(camera, id);
  else if (leaveEvent()) return; // the address changes in a moment
  show();
}

async function ask(path) {
  const answer = await fetch(path);
  if (answer.status === 401) location.replace(`/login${location.hash}`);
  if (!answer.ok) throw new Error(`no answer: ${answer.status}`);
  return answer.json();
}

async function report() {
  if (controls === null) {
    const described = await ask("/api/controls");
    controls = described.controls;
    keys.show(described.keys);
  }
  const said = await ask(`/api/cameras?since=${Math.max(0, lastReportS - OVERLAP_S)}`);
  logOut.hidden = !said.needs_login;
  const mayChange = said.role === "change";
  looking.hidden = mayChange;
  phones.show(said.phones, mayChange);
  arrange(said.cameras);
  for (const each of said.cameras) cameras.get(each.name).update(each, said.now, said.figures, mayChange);
  settings.show(said.can_save && mayChange, cameras, said.phones);
  lastReportS = Math.floor(said.now);
  const isSilent = [...cameras.values()].some((each) => each.state === "stalled");
  if (isSilent && performance.now() - openedAt > SILENT_MS) openStream();
  if (isSought) show();
  summarise();
}

function summarise() {
  const all = [...cameras.values()];
  const live = all.filter((each) => each.isLive).length;
  const noun = all.length === 1 ? "camera" : "cameras";
  summary.textContent = live === all.length ? `${all.length} ${noun}, live` : `${live} of ${all.length} ${noun} live`;
  if (all.length === 0) summary.textContent = "No cameras";
  summary.textContent += costWords(all.map((each) => each.report));
  const [alone] = all.filter((each) => each.isLarge && all.length > 1);
  const name = alone === undefined ? "livesegment" : `${alone.title} - livesegment`;
  document.title = live === all.length ? name : `(${live}/${all.length} live) ${name}`;
}

// What all cameras have cost together, where a price is known; of one it stands among its figures.
function costWords(reports) {
  const costs = reports.map((each) => each.figures.cost).filter((each) => each !== null);
  if (reports.length < 2 || costs.length === 0) return "";
  const total = costs.reduce((sum, each) => sum + each, 0);
  return `, ${priceWords(total, reports[0].currency)} in all`;
}

async function keepReporting() {
  for (;;) {
    if (!document.hidden) {
      try {
        await report();
      } catch {
        for (const camera of cameras.values()) camera.showState(null);
        summary.textContent = "No connection to livesegment";
      }
    }
    await pause(REPORT_MS);
  }
}

function openStream() {
  stream?.abort();
  stream = null;
  if (document.hidden || areAllHeld()) return;
  stream = new AbortController();
  openedAt = performance.now();
  for (const camera of cameras.values()) camera.watchFromNow();
  keepReading(stream.signal);
}

const areAllHeld = () => [...cameras.values()].every((each) => each.isPaused);

// One goes on with what the stream begins with; if none does, nothing need be sent.
function onPause(isPaused) {
  if (!isPaused || areAllHeld()) openStream();
}

async function keepReading(signal) {
  while (!signal.aborted) {
    try {
      await readParts(wantsVideo() ? "/stream.video" : "/stream.mjpg", signal, (part) => {
        if (!signal.aborted) cameras.get(part.camera)?.take(part);
      });
    } catch (error) {
      if (!signal.aborted) console.info("the stream broke", error);
      if (error instanceof StreamRefused && error.status === 501) return withoutVideo("the server encodes none");
    }
    await pause(RETRY_MS);
  }
}

// Who sees himself notices what a video is behind.
const wantsVideo = () => playsVideo && ![...cameras.values()].some((each) => each.sender.isSending);

// Show single pictures from now on: this browser plays no video, or the server has none.
function withoutVideo(reason) {
  if (!playsVideo) return;
  console.info("pictures instead of video", reason);
  playsVideo = false;
  openStream();
}

// Return the camera that is in full screen, in use, pointed at or enlarged, or the only one.
function lookedAt() {
  const [first] = cameras.values();
  if (cameras.size === 1) return first;
  const card =
    document.fullscreenElement?.closest(".card") ??
    document.activeElement?.closest(".card") ??
    main.querySelector(".card:hover") ??
    main.querySelector(".card.large");
  return cameras.get(card?.dataset.camera) ?? null;
}

const settings = new Settings(document.getElementById("add-camera"), document.getElementById("first"), announce);
const phones = new PhoneTest(document.getElementById("test-phones"), document.getElementById("told"));
const keys = new Keys(document.getElementById("keys"), document.getElementById("show-keys"), lookedAt);

// Nobody looks at a hidden page: no picture need be made for it.
document.addEventListener("visibilitychange", openStream);
addEventListener("hashchange", () => {
  show();
  summarise();
});
logOut.addEventListener("click", async () => {
  if (await post("/logout", {})) location.replace("/login");
});
keepReporting();
