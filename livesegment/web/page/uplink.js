// A WebSocket on which pictures go out. Each is answered when it has been taken: no more are under way
// than the line carries without a queue, so that a slow one makes fewer pictures, not late ones.

const RETRY_MS = 1000;
const MOST_UNDER_WAY = 4;
const QUEUED_MS = 60; // an answer that is later than the quickest by so much stood in a queue
const FORGET = 1.002; // the quickest was long ago, on another line maybe

export class Uplink {
  constructor(path, { onRoom, onState, onRefused }) {
    this.url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
    Object.assign(this, { onRoom, onState, onRefused });
    this.isClosed = false;
    this.#open();
  }

  get hasRoom() {
    return this.socket.readyState === WebSocket.OPEN && this.sentAt.length < Math.floor(this.room);
  }

  send(blob) {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    this.socket.send(blob);
    this.sentAt.push(performance.now());
    this.wasFull ||= !this.hasRoom;
  }

  // Tell the server that this device is there, whether it has pictures or not.
  sayHere() {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send("here");
  }

  close() {
    this.isClosed = true;
    clearTimeout(this.retrying);
    this.socket.close();
  }

  #open() {
    this.sentAt = [];
    this.room = 1;
    this.quickest = Infinity;
    this.wasFull = false;
    this.socket = new WebSocket(this.url);
    this.socket.addEventListener("open", () => this.#tell(true));
    this.socket.addEventListener("message", () => this.#answered());
    this.socket.addEventListener("close", (event) => this.#ended(event));
  }

  #tell(isOpen) {
    if (this.isClosed) return;
    this.onState(isOpen);
    if (isOpen) this.onRoom();
  }

  #answered() {
    const took = performance.now() - this.sentAt.shift();
    this.quickest = Math.min(this.quickest * FORGET, took);
    if (took > this.quickest + QUEUED_MS) this.room = Math.max(1, this.room * 0.7);
    else if (this.wasFull) this.room = Math.min(MOST_UNDER_WAY, this.room + 0.1);
    this.wasFull = false;
    this.onRoom();
  }

  #ended(event) {
    if (this.isClosed) return;
    if (event.code >= 4400 && event.code !== 4408) {
      this.onRefused(event.reason);
      return;
    }
    this.#tell(false);
    this.retrying = setTimeout(() => this.#open(), RETRY_MS);
  }
}
