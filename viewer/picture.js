// The picture on the screen: which part of it, how large, and what stands on the two sides of the divider.

/** Two views of one picture, by a painter: `painter-webgl2.js` or `painter-webgpu.js`. */
export class PictureView {
  /**
   * @param {HTMLElement} frame gets the painter's canvas
   * @param {PictureView | null} before a view whose look is kept
   */
  constructor(frame, painter, before = null) {
    Object.assign(this, { frame, painter, canvas: painter.canvas, width: 0, height: 0, times: [] });
    // Screen pixels a pixel of the picture, and the picture's point in the middle of the screen.
    const { zoom, x, y } = before ?? { zoom: 1, x: 0, y: 0 };
    const { sides, divider, exposure } = before ?? { sides: { left: "input", right: "filtered" }, divider: 0.5, exposure: 0 };
    Object.assign(this, { zoom, x, y, sides, divider, exposure });
    if (before) [this.width, this.height] = [before.width, before.height];
  }

  /** Takes a filter as the page's data have it, and a picture: linear light, four floats a pixel. */
  async prepare({ programs, files }, picture) {
    const { painter } = this;
    await painter.prepare({ program: programs[painter.constructor.language], files }, picture);
    const isOther = picture.width !== this.width || picture.height !== this.height;
    Object.assign(this, { texels: picture.texels, width: picture.width, height: picture.height, times: [] });
    if (this.canvas.parentNode !== this.frame) this.frame.replaceChildren(this.canvas);
    this.#size();
    if (isOther) this.fit();
  }

  /** Filters, and gives the milliseconds that it takes: the middle one of the last times. */
  async run() {
    const time = await this.painter.run();
    this.times = [...this.times, time].slice(-9);
    return [...this.times].sort((a, b) => a - b)[Math.floor(this.times.length / 2)];
  }

  /** Draws both views, before a ground of three numbers. */
  draw(ground) {
    const { canvas } = this;
    const wasFitted = Math.abs(this.zoom * this.width - canvas.width) < 1 || Math.abs(this.zoom * this.height - canvas.height) < 1;
    if (this.#size() && wasFitted) this.fit();
    this.painter.draw(this, ground);
  }

  /**
   * How long the dense kernel would take here, from as many rows as about `work` reads make.
   * @returns {Promise<{milliseconds: number, rows: number}>}
   */
  async timeDense(kernel, work = 6e7) {
    const rows = Math.max(1, Math.min(this.height, Math.floor(work / (this.width * kernel.values.length))));
    return { milliseconds: ((await this.painter.timeDense(kernel, rows)) * this.height) / rows, rows };
  }

  /** Shows all of the picture. */
  fit() {
    this.zoom = Math.min(this.canvas.width / this.width, this.canvas.height / this.height);
    Object.assign(this, { x: this.width / 2, y: this.height / 2 });
  }

  /** Shows so many pixels of the picture across, or all, around its middle. */
  look(columns) {
    this.fit();
    this.zoom = Math.max(this.zoom, this.canvas.width / columns);
  }

  /** Enlarges by a factor, the point under a place of the screen stays. */
  enlarge(factor, place = { x: this.canvas.width / 2, y: this.canvas.height / 2 }) {
    const fixed = this.pointAt(place);
    const least = Math.min(this.canvas.width / this.width, this.canvas.height / this.height, 1) / 2;
    this.zoom = Math.min(Math.max(this.zoom * factor, least), 64);
    const moved = this.pointAt(place);
    this.move(moved.x - fixed.x, moved.y - fixed.y);
  }

  /** Moves the picture by pixels of its own. */
  move(dx, dy) {
    this.x = Math.min(Math.max(this.x - dx, 0), this.width);
    this.y = Math.min(Math.max(this.y - dy, 0), this.height);
  }

  /** The picture's point at a place of the screen, from the canvas' upper left, pixels of the canvas. */
  pointAt({ x, y }) {
    return { x: this.x + (x - this.canvas.width / 2) / this.zoom, y: this.y + (y - this.canvas.height / 2) / this.zoom };
  }

  /** Makes the canvas as large as it is on the screen. */
  #size() {
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight].map((length) =>
      Math.max(Math.round(length * devicePixelRatio), 1));
    if (width === this.canvas.width && height === this.canvas.height) return false;
    Object.assign(this.canvas, { width, height });
    return true;
  }
}
