// Kernels as the page brings them, and how they are drawn.

/**
 * @typedef {{width: number, height: number, x: number, y: number, scale: number, values: Float32Array}} Kernel
 *   x, y: the pixel that is offset 0; scale: pixels of the image a pixel of the kernel.
 */

/** Bytes of base64 text. */
export function bytes(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** Whole numbers of 8 or 16 bits, little-endian. */
export function codes(base64, bits) {
  const all = bytes(base64);
  if (bits === 8) return all;
  const view = new DataView(all.buffer);
  const result = new Uint16Array(all.length / 2);
  for (let index = 0; index < result.length; index++) result[index] = view.getUint16(2 * index, true);
  return result;
}

/** Numbers from `low` to `high` that 65536 steps stand for. */
export function numbers(base64, low, high) {
  const steps = codes(base64, 16);
  const result = new Float32Array(steps.length);
  for (let index = 0; index < result.length; index++) result[index] = low + ((high - low) * steps[index]) / 65535;
  return result;
}

/** @returns {Kernel | null} */
export function kernel(described) {
  if (!described) return null;
  const { width, height, x, y, scale, low, high } = described;
  return { width, height, x, y, scale, values: numbers(described.values, low, high) };
}

/** `a - b` over both their extents. */
export function difference(a, b) {
  const [left, top] = [Math.max(a.x, b.x), Math.max(a.y, b.y)];
  const width = left + Math.max(a.width - a.x, b.width - b.x);
  const height = top + Math.max(a.height - a.y, b.height - b.y);
  const result = { width, height, x: left, y: top, scale: a.scale, values: new Float32Array(width * height) };
  for (const [kernel, sign] of [[a, 1], [b, -1]]) {
    for (let y = 0; y < kernel.height; y++) {
      const to = (y + top - kernel.y) * width + left - kernel.x;
      for (let x = 0; x < kernel.width; x++) result.values[to + x] += sign * kernel.values[y * kernel.width + x];
    }
  }
  return result;
}

/** The square root of the sum of squares. */
export function norm(kernel) {
  return Math.sqrt(kernel.values.reduce((sum, value) => sum + value * value, 0));
}

/** Draws a kernel into a canvas that shows `reach` pixels of the image to each side of offset 0: plus and minus in two colors. */
export function drawKernel(canvas, kernel, reach, largest) {
  const { context, side, colors } = prepared(canvas);
  if (!kernel) return;
  const most = largest ?? kernel.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const image = new ImageData(kernel.width, kernel.height);
  const [plus, minus] = [components(context, colors.plus), components(context, colors.minus)];
  kernel.values.forEach((value, index) => {
    // The eye sees square roots better: faint parts show.
    const strength = most > 0 ? Math.sqrt(Math.min(Math.abs(value) / most, 1)) : 0;
    image.data.set([...(value < 0 ? minus : plus), 255 * strength], 4 * index);
  });
  const small = Object.assign(document.createElement("canvas"), { width: kernel.width, height: kernel.height });
  small.getContext("2d").putImageData(image, 0, 0);
  const pixel = (side / (2 * reach + 1)) * kernel.scale;
  context.imageSmoothingEnabled = false;
  context.drawImage(
    small, side / 2 - (kernel.x + 0.5) * pixel, side / 2 - (kernel.y + 0.5) * pixel, kernel.width * pixel, kernel.height * pixel);
}

/** Red, green and blue, 0...255, of a color as style sheets write it. */
function components(context, color) {
  context.fillStyle = color;
  return [1, 3, 5].map((start) => parseInt(context.fillStyle.slice(start, start + 2), 16));
}

/** Draws the taps of a layer: a disk each, its area the weight. */
export function drawTaps(canvas, layer, reach) {
  const { context, side, colors } = prepared(canvas);
  const pixel = side / (2 * reach + 1);
  context.strokeStyle = colors.line;
  context.beginPath();
  context.moveTo(side / 2, 0);
  context.lineTo(side / 2, side);
  context.moveTo(0, side / 2);
  context.lineTo(side, side / 2);
  context.stroke();
  if (!layer) return;
  const most = Math.max(...layer.taps.map((tap) => Math.abs(tap[2])));
  const largest = Math.max(4, Math.min(side / 14, 1.2 * pixel * layer.scale));
  for (const [x, y, weight] of layer.taps) {
    context.globalAlpha = 0.75;
    context.fillStyle = weight < 0 ? colors.minus : colors.plus;
    context.beginPath();
    const radius = Math.max(1.5, largest * Math.sqrt(Math.abs(weight) / most));
    context.arc(side / 2 + x * layer.scale * pixel, side / 2 + y * layer.scale * pixel, radius, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
}

/** A square canvas, cleared, with as many pixels as the screen shows of it. */
function prepared(canvas) {
  const side = Math.max(Math.round(canvas.clientWidth * devicePixelRatio), 32);
  Object.assign(canvas, { width: side, height: side });
  const context = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  const color = (name) => style.getPropertyValue(name).trim();
  return { context, side, colors: { plus: color("--plus"), minus: color("--minus"), line: color("--line") } };
}
