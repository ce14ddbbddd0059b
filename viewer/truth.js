// A worker: convolves a picture with a dense kernel, exactly but for rounding, by Fourier transforms. Classic text, so that it runs from
// file://, where modules of a worker do not.
"use strict";

onmessage = ({ data: { job, texels, width, height, kernel } }) => {
  const result = new Float32Array(4 * width * height).fill(1);
  const extent = { left: kernel.x, right: kernel.width - 1 - kernel.x, top: kernel.y, bottom: kernel.height - 1 - kernel.y };
  // Convolution reads at p - k: to the left as far as the kernel goes to the right.
  const [columns, rows] = [power(width + kernel.width - 1), power(height + kernel.height - 1)];
  const weights = transformOfKernel(kernel, columns, rows);
  // Two channels in one transform, as real and imaginary part: the kernel is real.
  for (const pair of [[0, 1], [2, 2]]) {
    const [real, imaginary] = pair.map((channel) => extended(texels, channel, width, height, extent, columns, rows));
    if (pair[0] === pair[1]) imaginary.fill(0);
    transform2(real, imaginary, columns, rows, false);
    for (let index = 0; index < real.length; index++) {
      const a = real[index], b = imaginary[index];
      real[index] = a * weights.real[index] - b * weights.imaginary[index];
      imaginary[index] = a * weights.imaginary[index] + b * weights.real[index];
    }
    transform2(real, imaginary, columns, rows, true);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const to = 4 * (y * width + x), from = (y + extent.bottom) * columns + x + extent.right;
        result[to + pair[0]] = real[from];
        if (pair[1] !== pair[0]) result[to + pair[1]] = imaginary[from];
      }
    }
    postMessage({ job, share: pair[0] === 0 ? 0.6 : 1 });
  }
  postMessage({ job, texels: result }, [result.buffer]);
};

function power(least) {
  let size = 1;
  while (size < least) size *= 2;
  return size;
}

/** A channel with its edge pixels carried on as far as the kernel reads. */
function extended(texels, channel, width, height, { left, right, top, bottom }, columns, rows) {
  const result = new Float64Array(columns * rows);
  for (let y = 0; y < height + top + bottom; y++) {
    const row = Math.min(Math.max(y - bottom, 0), height - 1) * width;
    for (let x = 0; x < width + left + right; x++) {
      result[y * columns + x] = texels[4 * (row + Math.min(Math.max(x - right, 0), width - 1)) + channel];
    }
  }
  return result;
}

/** The kernel's transform, offset 0 in the corner. */
function transformOfKernel(kernel, columns, rows) {
  const [real, imaginary] = [new Float64Array(columns * rows), new Float64Array(columns * rows)];
  for (let y = 0; y < kernel.height; y++) {
    for (let x = 0; x < kernel.width; x++) {
      const [column, row] = [(x - kernel.x + columns) % columns, (y - kernel.y + rows) % rows];
      real[row * columns + column] = kernel.values[y * kernel.width + x];
    }
  }
  transform2(real, imaginary, columns, rows, false);
  return { real, imaginary };
}

/** In place: rows, then columns. */
function transform2(real, imaginary, columns, rows, isInverse) {
  const along = new Transform(columns);
  for (let y = 0; y < rows; y++) {
    along.run(real.subarray(y * columns, (y + 1) * columns), imaginary.subarray(y * columns, (y + 1) * columns), isInverse);
  }
  const down = new Transform(rows);
  const [a, b] = [new Float64Array(rows), new Float64Array(rows)];
  const scale = isInverse ? 1 / (columns * rows) : 1;
  for (let x = 0; x < columns; x++) {
    for (let y = 0; y < rows; y++) {
      a[y] = real[y * columns + x];
      b[y] = imaginary[y * columns + x];
    }
    down.run(a, b, isInverse);
    for (let y = 0; y < rows; y++) {
      real[y * columns + x] = scale * a[y];
      imaginary[y * columns + x] = scale * b[y];
    }
  }
}

/** The transform of Cooley and Tukey for powers of two. */
class Transform {
  constructor(size) {
    this.size = size;
    this.cos = new Float64Array(size / 2).map((_, index) => Math.cos((2 * Math.PI * index) / size));
    this.sin = new Float64Array(size / 2).map((_, index) => Math.sin((2 * Math.PI * index) / size));
  }

  run(real, imaginary, isInverse) {
    const { size, cos, sin } = this;
    for (let index = 1, mirror = 0; index < size; index++) {
      let bit = size >> 1;
      for (; mirror & bit; bit >>= 1) mirror ^= bit;
      mirror ^= bit;
      if (index < mirror) {
        [real[index], real[mirror]] = [real[mirror], real[index]];
        [imaginary[index], imaginary[mirror]] = [imaginary[mirror], imaginary[index]];
      }
    }
    const sign = isInverse ? 1 : -1;
    for (let half = 1; half < size; half *= 2) {
      const step = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let index = 0; index < half; index++) {
          const c = cos[index * step], s = sign * sin[index * step];
          const a = start + index, b = a + half;
          const p = real[b] * c - imaginary[b] * s, q = real[b] * s + imaginary[b] * c;
          real[b] = real[a] - p;
          imaginary[b] = imaginary[a] - q;
          real[a] += p;
          imaginary[a] += q;
        }
      }
    }
  }
}
