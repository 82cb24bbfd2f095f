// This device's camera as the source: its pictures are sent, as many as are taken, the newest first.

import { Encoder } from "./encoder.js";
import { Uplink } from "./uplink.js";

const TICK_MS = 1000;

const WHY_NOT = {
  NotAllowedError:
    "The browser may not use the camera: allow it for this page, with the sign beside the address, and press the button again.",
  NotFoundError: "The browser finds no camera: plug one in, or open this page on a device that has one.",
  NotReadableError: "The camera cannot be read: close the program that uses it, and press the button again.",
};
const INSECURE =
  "Browsers give a camera to https only: start livesegment with --web-tls, or with --web-cert and --web-key, and open its https address.";

export class CameraSender {
  // `onChange` is called when this device begins to send, and when it has stopped.
  constructor(card, name, onChange) {
    this.onChange = onChange;
    this.url = `/api/cameras/${encodeURIComponent(name)}/sender`;
    this.section = card.querySelector(".sender");
    [this.button, this.select, this.said, this.video] = ["button", "select", ".said", "video"].map((each) =>
      this.section.querySelector(each),
    );
    this.encoder = new Encoder();
    this.maxSide = 0;
    this.stream = null;
    this.uplink = null;
    this.isNew = this.isEncoding = false;
    this.seenAt = -1;
    this.button.addEventListener("click", () => (this.stream === null ? this.#begin() : this.#end()));
    this.select.addEventListener("change", () => this.#begin(this.select.value));
  }

  get isSending() {
    return this.uplink !== null;
  }

  // Take what the server says: null where pictures come from elsewhere.
  show(inlet, mayChange) {
    this.section.hidden = inlet === null;
    if (inlet === null) return;
    this.maxSide = inlet.max_side;
    if (this.stream !== null) return;
    this.button.disabled = !mayChange || inlet.is_taken;
    if (!mayChange) this.#say("Whoever logs in with the other token may send a camera.");
    else if (inlet.is_taken) this.#say("Another device sends its camera.");
    else if (!this.section.classList.contains("bad")) this.#say("");
  }

  async #begin(deviceId) {
    this.#end();
    if (navigator.mediaDevices === undefined) return this.#say(INSECURE, true);
    const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "user" };
    this.button.disabled = true;
    this.#say("Asking for the camera");
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { ...which, width: { ideal: this.maxSide } } });
      this.video.srcObject = this.stream;
      await this.video.play();
    } catch (error) {
      this.#end(WHY_NOT[error.name] ?? `The camera cannot be used: ${error.message || error.name}`);
      return;
    } finally {
      this.button.disabled = false;
    }
    this.#send();
  }

  #send() {
    const [track] = this.stream.getVideoTracks();
    track.addEventListener("ended", () => this.#end("The camera has gone: press the button when it is back."));
    this.button.textContent = "Stop this camera";
    this.button.setAttribute("aria-pressed", "true");
    this.#listCameras(track.getSettings().deviceId);
    this.uplink = new Uplink(this.url, {
      onRoom: () => this.#push(),
      onState: (isOpen) => this.#say(isOpen ? "This device's camera is shown." : "No connection: trying again"),
      onRefused: (reason) => this.#end(`The camera is not shown: ${reason}.`),
    });
    this.onChange();
    this.ticking = setInterval(() => this.#tick(), TICK_MS);
    this.#watch();
    navigator.wakeLock?.request("screen").then(
      (lock) => (this.stream === null ? lock.release() : (this.lock = lock)),
      () => {},
    );
  }

  // Stop, and say why if it was nobody's wish.
  #end(problem) {
    const wasSending = this.isSending;
    clearInterval(this.ticking);
    this.uplink?.close();
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.lock?.release();
    this.stream = this.uplink = this.lock = this.video.srcObject = null;
    this.button.textContent = "Use this camera";
    this.button.setAttribute("aria-pressed", "false");
    this.select.hidden = true;
    this.#say(problem ?? "", problem !== undefined);
    if (wasSending) this.onChange();
  }

  // Note each picture of the camera as it comes.
  #watch() {
    const { uplink, video } = this;
    const note = () => {
      if (uplink !== this.uplink) return;
      if (video.currentTime !== this.seenAt) {
        this.seenAt = video.currentTime;
        this.isNew = true;
        this.#push();
      }
      next();
    };
    const next = () => (video.requestVideoFrameCallback ? video.requestVideoFrameCallback(note) : requestAnimationFrame(note));
    next();
  }

  // A hidden page is told of no pictures: one a second keeps the camera from being lost.
  #tick() {
    if (document.hidden) this.isNew = true;
    this.#push();
    this.uplink?.sayHere();
  }

  async #push() {
    const { uplink, video } = this;
    if (!this.isNew || this.isEncoding || !uplink?.hasRoom || video.videoWidth === 0) return;
    this.isNew = false;
    this.isEncoding = true;
    const blob = await this.encoder.encode(video, this.maxSide);
    this.isEncoding = false;
    if (blob !== null) uplink.send(blob);
    this.#push();
  }

  async #listCameras(chosen) {
    const found = (await navigator.mediaDevices.enumerateDevices()).filter((each) => each.kind === "videoinput");
    this.select.replaceChildren(
      ...found.map((each, number) => new Option(each.label || `Camera ${number + 1}`, each.deviceId, false, each.deviceId === chosen)),
    );
    this.select.hidden = found.length < 2 || this.stream === null;
  }

  #say(text, isProblem = false) {
    if (this.said.textContent !== text) this.said.textContent = text;
    this.section.classList.toggle("bad", isProblem);
  }
}
