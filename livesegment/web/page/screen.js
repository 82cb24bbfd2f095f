// Shows pictures on a canvas. One is decoded at a time; of those that come meanwhile, the newest.

export class Screen {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("bitmaprenderer");
    this.shownAt = 0;
    this.waiting = null;
    this.isDecoding = false;
  }

  async show(blob) {
    this.waiting = blob;
    if (this.isDecoding) return;
    this.isDecoding = true;
    while (this.waiting !== null) {
      const newest = this.waiting;
      this.waiting = null;
      try {
        this.#draw(await createImageBitmap(newest));
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
      canvas.parentElement.style.setProperty("--ratio", `${bitmap.width} / ${bitmap.height}`);
    }
    this.context.transferFromImageBitmap(bitmap);
    this.shownAt = performance.now();
  }
}
