// Makes JPEG files of a video's picture, one at a time. WebP would be half as large and takes browsers
// several times as long.

const TYPE = "image/jpeg";
const QUALITY = 0.8;

export class Encoder {
  constructor() {
    // A canvas of the page encodes when the browser finds the time for it, one that is none at once.
    this.canvas = "OffscreenCanvas" in window ? new OffscreenCanvas(1, 1) : document.createElement("canvas");
    this.pen = this.canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  }

  // Return the picture as a file of at most so many pixels a side; null if there is none.
  async encode(video, maxSide) {
    const { canvas } = this;
    const scale = Math.min(1, maxSide / Math.max(video.videoWidth, video.videoHeight));
    const [width, height] = [video.videoWidth, video.videoHeight].map((side) => Math.max(1, Math.round(side * scale)));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    this.pen.drawImage(video, 0, 0, width, height);
    if (canvas.convertToBlob) return canvas.convertToBlob({ type: TYPE, quality: QUALITY });
    return new Promise((done) => canvas.toBlob(done, TYPE, QUALITY));
  }
}
