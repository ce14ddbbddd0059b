// Pictures to filter: linear light, four floats a pixel, upper row first.

import { bytes } from "fewtap/kernel.js";

/** @typedef {{texels: Float32Array, width: number, height: number}} Picture */

/** Beyond so many pixels a photo is scaled down: it would take gigabytes of textures. */
const mostPixels = 8e6;

/** A message for people about what they gave. */
export class SourceError extends Error {}

const light = new Float32Array(256).map((_, code) => {
  const value = code / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
});

/** The code of sRGB, 0...255, of linear light. */
export function code(value) {
  const clamped = Math.min(Math.max(value, 0), 1);
  return 255 * (clamped <= 0.0031308 ? 12.92 * clamped : 1.055 * clamped ** (1 / 2.4) - 0.055);
}

/**
 * A photo that the browser can read, with what there is to say about it.
 * @param {Blob} blob
 * @param {number} side the largest number of columns or rows
 * @returns {Promise<{picture: Picture, note: string}>}
 */
export async function photo(blob, name, side) {
  const image = await drawn(blob, name);
  const scale = Math.min(1, Math.sqrt(mostPixels / (image.width * image.height)), side / Math.max(image.width, image.height));
  const [width, height] = [image.width, image.height].map((length) => Math.max(Math.floor(length * scale), 1));
  const data = codes(image, width, height);
  const texels = new Float32Array(4 * width * height);
  for (let index = 0; index < texels.length; index += 4) {
    for (let channel = 0; channel < 3; channel++) texels[index + channel] = light[data[index + channel]];
    texels[index + 3] = 1;
  }
  const note = scale < 1 ? `${name} is ${image.width}x${image.height}: scaled down to ${width}x${height}, so that it fits a browser.` : "";
  return { picture: { texels, width, height }, note };
}

/**
 * A picture that the page brings.
 * @param {{type: string, base64: string}} image
 * @returns {Promise<Picture>}
 */
export async function embedded({ type, base64 }, name, side) {
  const file = bytes(base64);
  return type === "image/x-fewtap-half" ? halves(file) : (await photo(new Blob([file], { type }), name, side)).picture;
}

/** Light beyond white: columns and rows in 32 bits, then red, green and blue of each pixel as half floats, little-endian. */
function halves(file) {
  const view = new DataView(file.buffer);
  const [width, height] = [view.getUint32(0, true), view.getUint32(4, true)];
  const texels = new Float32Array(4 * width * height).fill(1);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) texels[4 * pixel + channel] = half(view.getUint16(8 + 6 * pixel + 2 * channel, true));
  }
  return { texels, width, height };
}

/** The number of IEEE's 16 bits; none of them is infinite here. */
function half(bits) {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
  return bits & 0x8000 ? -size : size;
}

/** An image as one number a pixel, 0 to `last`, for `width` x `height` pixels: the sum of its colors, as they are coded. */
export async function levels(blob, name, width, height) {
  const data = codes(await drawn(blob, name), width, height);
  const sums = new Uint16Array(width * height);
  for (let index = 0; index < sums.length; index++) sums[index] = data[4 * index] + data[4 * index + 1] + data[4 * index + 2];
  return { width, height, last: 765, codes: sums };
}

async function drawn(blob, name) {
  if (blob.size === 0) throw new SourceError(`${name} is empty: it holds no image.`);
  try {
    return await createImageBitmap(blob, { imageOrientation: "from-image" });
  } catch {
    throw new SourceError(`${name} cannot be shown: it is no image that this browser reads, is damaged, or is too large for it.`);
  }
}

function codes(image, width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  // Where it is transparent it stands before gray.
  context.fillStyle = "#808080";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

/** What is shown where the page brings no image: bars, rings, a slope, and small lights on black. */
export function scene(width = 960, height = 600) {
  const texels = new Float32Array(4 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      texels.set([...color(x / width, y / height, x, y), 1], 4 * (y * width + x));
    }
  }
  for (let index = 0; index < 24; index++) {
    // Golden angles spread the lights evenly.
    const [x, y] = [(0.5 + index * 0.618) % 1, (0.3 + index * 0.755) % 1];
    const place = 4 * (Math.floor((0.72 + 0.2 * y) * height) * width + Math.floor((0.02 + 0.96 * x) * width));
    texels.set([60, 50 - 30 * (index % 2), 40 - 30 * ((index + 1) % 3 === 0), 1], place);
  }
  return { texels, width, height };
}

function color(u, v, x, y) {
  if (v > 0.66) return [0.004, 0.006, 0.012];
  if (u < 0.33) {
    const bar = Math.floor(x / (3 + Math.floor(12 * v))) % 2;
    return bar ? [0.8, 0.78, 0.7] : [0.05, 0.08, 0.12];
  }
  if (u < 0.66) {
    const [dx, dy] = [(u - 0.5) * 3, (v - 0.33) * 2];
    const ring = Math.sin(140 * (dx * dx + dy * dy)) > 0;
    return ring ? [0.9, 0.25, 0.05] : [0.02, 0.1, 0.3];
  }
  const checks = (Math.floor(x / 24) + Math.floor(y / 24)) % 2;
  const slope = (u - 0.66) / 0.34;
  return checks ? [slope, slope * 0.9, slope * 0.6] : [0.5, 0.6, 0.4];
}

/** Points of light on black, `step` pixels apart, each as bright as a white square of `spread` pixels. */
export function lights(width, height, step, spread) {
  const texels = new Float32Array(4 * width * height);
  for (let index = 3; index < texels.length; index += 4) texels[index] = 1;
  for (let y = Math.floor((height % step || step) / 2); y < height; y += step) {
    for (let x = Math.floor((width % step || step) / 2); x < width; x += step) {
      texels.fill(spread, 4 * (y * width + x), 4 * (y * width + x) + 3);
    }
  }
  return { texels, width, height };
}
