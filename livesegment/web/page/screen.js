// Shows a camera's picture: a video, or pictures on a canvas where a browser plays none.

import { Player } from "./player.js";

export class Screen {
  // `onFailed` is called when the browser does not play the video.
  constructor(canvas, video, onFailed) {
    this.canvas = canvas;
    this.video = video;
    this.context = canvas.getContext("bitmaprenderer");
    this.player = new Player(video, () => this.#played(), onFailed);
    this.shownAt = 0;
    this.waiting = null;
    this.isDecoding = false;
    this.isHeld = false;
  }

  // Width and height of the picture, in pixels.
  get size() {
    const { canvas, video } = this;
    return this.canvas.hidden ? [video.videoWidth || 16, video.videoHeight || 9] : [canvas.width, canvas.height];
  }

  // Take a part of the stream, a picture or what is to be played.
  take(part) {
    const isVideo = part.type.startsWith("video/");
    if (!isVideo && !this.video.hidden) this.player.stop();
    this.canvas.hidden = isVideo;
    this.video.hidden = !isVideo;
    if (isVideo) this.player.take(part);
    else this.#decode(new Blob([part.bytes], { type: part.type }));
  }

  // Stand still at what is shown, or go on with what comes.
  hold(isHeld) {
    this.isHeld = isHeld;
    if (isHeld) this.video.pause();
  }

  // One picture is decoded at a time; of those that come meanwhile, the newest.
  async #decode(blob) {
    this.waiting = blob;
    if (this.isDecoding) return;
    this.isDecoding = true;
    while (this.waiting !== null) {
      const newest = this.waiting;
      this.waiting = null;
      try {
        const bitmap = await createImageBitmap(newest);
        if (!this.isHeld) this.#draw(bitmap);
      } catch (error) {
        console.warn("a picture could not be decoded", error);
      }
    }
    this.isDecoding = false;
  }

  #draw(bitmap) {
    const { canvas } = this;
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
    }
    this.context.transferFromImageBitmap(bitmap);
    this.#shown();
  }

  #played() {
    if (this.video.videoWidth > 0) this.#shown();
  }

  #shown() {
    this.canvas.parentElement.style.setProperty("--shape", String(this.size[0] / this.size[1]));
    this.shownAt = performance.now();
  }
}
