// The page of the past: what is listed, what is shown of it, and the time lines.

import { EntryList, entryTitle, entryWords, eventFile, keyOf } from "./entries.js";
import { RecordingPlayer, fileAddress } from "./recording.js";
import { Timeline, timeWords } from "./timeline.js";
import { Viewer } from "./viewer.js";

const PAGE = 50; // entries asked for at once
const REFRESH_MS = 4000;
const BEFORE_S = 3; // of an event, shown in a recording
const AT_A_TIME = 500; // events marked as seen in one request
const PASSED_ON = ["camera", "kind", "day", "rule", "class", "unseen"];

const find = (id) => document.getElementById(id);
const filters = find("filters");
const list = new EntryList(find("list"), find("entry"), open);
const player = new RecordingPlayer(find("viewer").querySelector("video"), playNext, (text) => viewer.say(text));
const viewer = new Viewer(find("viewer"), player);
const timeline = new Timeline(find("timeline"), find("track"), playAt);
let role = "look";
let next = null; // what the following page is asked for with
let isAsking = false;
let asked = 0; // how often the list has begun anew
let follows = true; // the time line ends now
let begins = 0; // where the time line begins, or will once what it shows has come
let timesAsked = 0;

function announce(text) {
  find("announcer").textContent = text;
}

async function ask(path) {
  const answer = await fetch(path);
  if (answer.status === 401) location.replace("/login");
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).message ?? `no answer: ${answer.status}`);
  return answer.json();
}

function query(more = {}) {
  const wanted = new URLSearchParams({ limit: String(PAGE), ...more });
  for (const [name, value] of new FormData(filters)) if (value !== "" && name !== "day") wanted.set(name, value);
  const noon = noonOf(filters.elements.day.value);
  if (noon !== null) {
    wanted.set("since", startOfDay(noon));
    wanted.set("until", startOfDay(noon + 86400)); // days are 23 to 25 hours long
  }
  return wanted;
}

// Ask for the newest entries, and show what has changed.
async function refresh() {
  const round = asked;
  const said = await ask(`/api/review?${query()}`);
  if (round !== asked) return;
  role = said.role;
  find("looking").hidden = role === "change";
  list.titles = new Map(said.cameras.map(({ name, title }) => [name, title]));
  fill(filters.elements.camera, said.cameras.map(({ name, title }) => [name, title]));
  fill(filters.elements.rule, said.rules.map((each) => [each, each]));
  fill(filters.elements.class, said.classes.map((each) => [each, each]));
  const isFirst = list.entries.length === 0;
  list.showFirst(said.entries, said.next === null);
  if (isFirst || said.next === null) next = said.next;
  showEnd(said.is_complete);
  const shown = list.entries.find((each) => keyOf(each) === list.chosen);
  if (shown !== undefined) describe(shown);
}

function showEnd(isComplete = true) {
  find("more").hidden = next === null;
  const count = list.entries.length;
  const words = count === 0 ? "There is nothing yet, or nothing that is wanted." : next === null ? "That is all." : "";
  find("list").querySelector(".end").textContent = isComplete ? words : "Files are still being read...";
  const unseen = list.entries.filter((each) => each.kind === "event" && !each.is_seen).length;
  find("all-seen").hidden = role !== "change" || unseen === 0;
  find("summary").textContent = `${count}${next === null ? "" : "+"} listed, ${unseen} unseen`;
}

async function more() {
  if (next === null || isAsking) return;
  isAsking = true;
  const round = asked;
  try {
    const said = await ask(`/api/review?${query({ before: next })}`);
    if (round !== asked) return;
    next = said.next;
    list.showMore(said.entries);
    showEnd(said.is_complete);
  } finally {
    isAsking = false;
  }
}

// Offer values to choose from, and keep the one that is chosen.
function fill(select, rows) {
  const wanted = new URLSearchParams(location.search).get(select.name) ?? "";
  const chosen = select.dataset.isFilled ? select.value : wanted;
  const all = rows.some(([value]) => value === chosen) || chosen === "" ? rows : [...rows, [chosen, chosen]];
  const words = JSON.stringify(all);
  if (select.dataset.words === words) return;
  select.dataset.words = words;
  select.dataset.isFilled = "yes";
  select.replaceChildren(select.options[0], ...all.map(([value, text]) => new Option(text, value)));
  select.value = chosen;
}

async function open(listed) {
  list.choose(listed);
  const entry = await show(listed);
  if (entry === null) return;
  remember(entry);
  if (!follows || entry.began < begins) showDay(entry.began);
}

// Show an entry: its clip, from a moment on, else its moment in the recording, else what there is of
// its clip, else its picture. Return it as it is now; null if another was chosen meanwhile.
async function show(listed, at = 0) {
  const entry = await newest(listed);
  if (list.chosen !== null && list.chosen !== keyOf(entry)) return null;
  describe(entry);
  const { camera, recording } = entry;
  const poster = entry.snapshot && eventFile(entry, entry.snapshot);
  if (entry.clip !== null) {
    viewer.playClip(eventFile(entry, entry.clip), poster, at);
  } else if (recording !== null) {
    const lead = entry.kind === "event" ? BEFORE_S : 0;
    viewer.playRecording(camera, recording.file, entry.began - recording.at_s, Math.max(0, recording.at_s - lead));
  } else if (entry.partial !== null) {
    viewer.playPartial(camera, entry.partial, poster, (shown) => show({ ...entry, partial: null }, shown ?? 0));
  } else if (entry.snapshot !== null) {
    viewer.showPicture(poster);
    viewer.say(entry.goes_on ? "It goes on; its clip is there when it is over." : "Its clip is kept no more, or not complete yet.");
  } else {
    viewer.showNothing("No picture of this event is kept.");
  }
  return entry;
}

// Return an event as it is now where nothing of it played when it was listed.
async function newest(entry) {
  if (entry.kind !== "event" || entry.clip !== null || entry.recording !== null) return entry;
  const [camera, id] = [entry.camera, entry.id].map(encodeURIComponent);
  return ask(`/api/cameras/${camera}/events/${id}`).catch(() => entry);
}

function describe(entry) {
  const title = list.titles.get(entry.camera) ?? entry.camera;
  viewer.describe(entryTitle(entry), `${title}, ${new Date(1000 * entry.began).toLocaleDateString()} ${entryWords(entry)}`);
  viewer.offer({
    camera: entry.camera,
    clip: clipAddress(entry),
    isSeen: entry.kind === "event" && role === "change" ? entry.is_seen : null,
    since: entry.recording === null ? null : entry.began - (entry.kind === "event" ? 5 : 0),
    until: (entry.ended ?? entry.began + 30) + (entry.kind === "event" ? 5 : 0),
  });
}

// Return where a clip is, or what there is of it; null if there is none.
function clipAddress(entry) {
  if (entry.clip !== null) return eventFile(entry, entry.clip);
  return entry.partial === null ? null : fileAddress(entry.camera, "partial", entry.partial);
}

// Play a moment of a camera, from a time line.
function playAt(camera, time) {
  const title = list.titles.get(camera) ?? camera;
  const recording = timeline.recordingAt(camera, time);
  list.choose(null);
  viewer.describe(title, `${new Date(1000 * time).toLocaleDateString()} ${timeWords(time)}`);
  viewer.offer({ camera, clip: null, isSeen: null, since: recording && time, until: time + 30 });
  if (recording === null) viewer.showNothing(`Nothing was recorded at ${timeWords(time)}.`);
  else viewer.playRecording(camera, recording.file, recording.began, time - recording.began);
  announce(recording === null ? `${title}: nothing was recorded then` : `${title}: from ${timeWords(time)}`);
}

// Go on with the file that follows the one that has come to its end.
async function playNext() {
  const [camera, began] = [viewer.camera, player.began];
  if (timeline.recordingAfter(camera, began) === null) await refreshTimes(); // it has just begun
  const following = timeline.recordingAfter(camera, began);
  if (following !== null && player.began === began) viewer.playRecording(camera, following.file, following.began, 0);
}

async function mark(entries, isSeen) {
  const byCamera = Map.groupBy?.(entries, (each) => each.camera) ?? grouped(entries);
  for (const [camera, those] of byCamera) {
    for (let at = 0; at < those.length; at += AT_A_TIME) {
      const some = those.slice(at, at + AT_A_TIME);
      const body = JSON.stringify({ camera, events: some.map((each) => each.id), is_seen: isSeen });
      const answer = await fetch("/api/review/seen", {
        method: "POST", headers: { "Content-Type": "application/json" }, body,
      }).catch(() => null);
      if (!answer?.ok) {
        const said = await answer?.json().catch(() => null);
        viewer.say(said?.message ?? "No connection to livesegment");
        return;
      }
      for (const each of some) list.update({ ...each, is_seen: isSeen });
    }
  }
  announce(`${entries.length} event${entries.length === 1 ? "" : "s"} ${isSeen ? "seen" : "not seen"}`);
  const shown = list.entries.find((each) => keyOf(each) === list.chosen);
  if (shown !== undefined) describe(shown);
  showEnd();
}

function grouped(entries) {
  const groups = new Map();
  for (const each of entries) groups.set(each.camera, [...(groups.get(each.camera) ?? []), each]);
  return groups;
}

function toggleSeen() {
  const shown = list.entries.find((each) => keyOf(each) === list.chosen);
  if (shown?.kind === "event" && role === "change") mark([shown], !shown.is_seen);
}

// Let the address lead to what is shown.
function remember(entry) {
  const wanted = new URLSearchParams();
  for (const name of PASSED_ON) {
    const value = new FormData(filters).get(name);
    if (value) wanted.set(name, value);
  }
  if (entry !== null && entry.kind === "event") {
    wanted.set("of", entry.camera);
    wanted.set("event", entry.id);
  }
  history.replaceState(null, "", wanted.size ? `/review?${wanted}` : "/review");
}

function filtered(event) {
  const noon = noonOf(filters.elements.day.value);
  if (event.target === filters.elements.day && noon !== null) showDay(noon);
  asked += 1;
  next = null;
  list.clear();
  remember(null);
  refresh().catch(lost);
}

// Show the part of the day, or of a shorter time, that has a moment.
function showDay(time) {
  const span = Number(find("span").value);
  const from = span === 86400 ? startOfDay(time) : time - span / 2;
  const until = endOf(from, span);
  follows = until >= Date.now() / 1000;
  showTimes(from, until);
}

// Return the middle of a day as an input has it, in seconds; null where none is chosen.
const noonOf = (day) => (day === "" ? null : new Date(`${day}T12:00`).getTime() / 1000);

function startOfDay(time) {
  const day = new Date(1000 * time);
  day.setHours(0, 0, 0, 0);
  return day.getTime() / 1000;
}

// Return the end of what begins at a moment: of a day, the begin of the next one.
const endOf = (since, span) => (span === 86400 ? startOfDay(since + 1.5 * span) : since + span);

async function showTimes(since, until) {
  const from = Math.max(0, since);
  const number = ++timesAsked;
  begins = from;
  find("day").value = localDay((from + until) / 2);
  try {
    const said = await ask(`/api/review/timeline?since=${from}&until=${until}`);
    if (number !== timesAsked) return; // another time was asked for meanwhile
    timeline.show(said.cameras, from, until, said.now);
  } catch (error) {
    lost(error);
  }
}

function localDay(time) {
  const day = new Date(1000 * time);
  return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;
}

// Ask again for the time that is shown, which has moved on if it ends now.
function refreshTimes() {
  const span = Number(find("span").value);
  if (!follows) return showTimes(begins, endOf(begins, span));
  const now = Date.now() / 1000;
  const since = span === 86400 ? startOfDay(now) : now - 0.95 * span;
  return showTimes(since, endOf(since, span));
}

function move(by) {
  const span = Number(find("span").value);
  follows = false;
  // From the middle of the day, as days are 23 to 25 hours long.
  if (span === 86400) showDay(begins + span / 2 + by * span);
  else showTimes(begins + by * span, begins + (by + 1) * span);
}

function lost(error) {
  find("summary").textContent = error.message.startsWith("Failed") ? "No connection to livesegment" : error.message;
}

const PRESSES = { j: () => list.step(1), k: () => list.step(-1), m: toggleSeen };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.matches("select, textarea, input:not([type=checkbox])")) return;
  if (Object.hasOwn(PRESSES, event.key)) {
    PRESSES[event.key]();
    event.preventDefault();
  }
});
filters.addEventListener("change", filtered);
filters.addEventListener("submit", (event) => event.preventDefault());
find("more").addEventListener("click", () => more().catch(lost));
find("older").addEventListener("click", () => list.step(1));
find("newer").addEventListener("click", () => list.step(-1));
find("seen").addEventListener("click", toggleSeen);
find("all-seen").addEventListener("click", () => mark(list.entries.filter((each) => each.kind === "event" && !each.is_seen), true));
find("earlier").addEventListener("click", () => move(-1));
find("later").addEventListener("click", () => move(1));
find("now").addEventListener("click", () => { follows = true; refreshTimes(); });
find("span").addEventListener("change", () => (follows ? refreshTimes() : showDay(player.shownAt ?? begins)));
find("day").addEventListener("change", (event) => {
  if (event.target.value) showDay(noonOf(event.target.value));
});
new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && more().catch(lost), { rootMargin: "400px" }).observe(find("more"));
viewer.video.addEventListener("timeupdate", () => timeline.playing(viewer.camera, player.shownAt));

async function start() {
  const wanted = new URLSearchParams(location.search);
  filters.elements.kind.value = wanted.get("kind") ?? "";
  filters.elements.day.value = wanted.get("day") ?? "";
  filters.elements.unseen.checked = wanted.get("unseen") === "1";
  for (const name of ["camera", "rule", "class"]) {
    if (wanted.get(name)) filters.elements[name].add(new Option(wanted.get(name), wanted.get(name), true, true));
  }
  await Promise.all([refresh(), refreshTimes()]);
  if (!wanted.get("event")) return;
  const [of, event] = [wanted.get("of") ?? "", wanted.get("event")].map(encodeURIComponent);
  try {
    open(await ask(`/api/cameras/${of}/events/${event}`));
  } catch (error) {
    viewer.showNothing(error.message);
  }
}

async function keepRefreshing() {
  await start().catch(lost);
  for (;;) {
    await new Promise((done) => setTimeout(done, REFRESH_MS));
    if (document.hidden) continue;
    await Promise.all([refresh(), follows ? refreshTimes() : null]).catch(lost);
  }
}

keepRefreshing();
