// Where somebody is on the page, as its address says: at all cameras, at one, or at an event of one.

export function here() {
  const said = new URLSearchParams(location.hash.slice(1));
  return { camera: said.get("camera"), event: said.get("event") };
}

// Return the address of a camera, or of an event of it; without either, of all cameras.
export function address(camera = null, event = null) {
  const said = new URLSearchParams();
  if (camera !== null) said.set("camera", camera);
  if (event !== null) said.set("event", event);
  return `#${said}`;
}

// Go on to an event, from where the back button leads back to.
export function enterEvent(camera, event) {
  history.pushState({ isEntered: true }, "", address(camera, event));
}

// Leave the event for its camera: back if it was entered from there, else in its place. Return
// whether that is still to happen.
export function leaveEvent() {
  const { camera, event } = here();
  if (event === null) return false;
  if (history.state?.isEntered) {
    history.back();
    return true;
  }
  history.replaceState(null, "", address(camera));
  return false;
}
