// What states, choices and events are called.

const STATES = {
  starting: { word: "Starting", veil: "Starting", mood: "waiting" },
  running: { word: "Live", veil: "", mood: "good" },
  paused: { word: "Paused", veil: "", mood: "waiting" },
  waiting: { word: "Waiting", veil: "Waiting for the camera", mood: "waiting" },
  lost: { word: "Lost", veil: "Camera lost", mood: "bad" },
  stopped: { word: "Stopped", veil: "Camera stopped", mood: "bad" },
  stalled: { word: "No picture", veil: "No new picture", mood: "bad" },
  offline: { word: "Offline", veil: "No connection to livesegment", mood: "bad" },
};

export const stateWords = (state) => STATES[state] ?? STATES.stopped;

const ENDPOINTS = {
  waiting: "Waiting for the first mask",
  answering: "",
  trouble: "The endpoint fails, the picture goes on without new masks",
  used_up: "All calls allowed are used up",
};

export function endpointWords(endpoint, text) {
  const words = ENDPOINTS[endpoint] ?? "";
  return text ? `${words}: ${text}` : words;
}


// When an event was, how long, and how much the class covered or how many there were, of what.
export function eventWords({ began, ended, goes_on: goesOn, coverage, count, counted }) {
  const from = new Date(began);
  const isToday = from.toDateString() === new Date().toDateString();
  const when = isToday ? from.toLocaleTimeString() : from.toLocaleString();
  const lasted = goesOn ? "going on" : since((new Date(ended) - from) / 1000);
  const covered = coverage === null ? "" : `${(100 * coverage).toFixed(1)}%`;
  const many = count === null ? "" : `${count} ${count === 1 ? counted.slice(0, -1) : counted}`;
  return [when, lasted, covered, many].filter((each) => each !== "").join(", ");
}

export function since(seconds) {
  if (seconds < 1.5) return "";
  if (seconds < 90) return `for ${Math.round(seconds)} s`;
  if (seconds < 5400) return `for ${Math.round(seconds / 60)} min`;
  return `for ${(seconds / 3600).toFixed(1)} h`;
}
