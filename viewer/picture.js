// The picture on the screen: input, filtered and truth, moved, enlarged, divided. Filters run by the host that exports bring along.

import { FewtapFilter } from "fewtap/fewtap-webgl2.js";

/** Two views of one picture, by WebGL 2. Throws where the browser lacks what it takes. */
export class PictureView {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{program: object, files: object}} exported
   */
  constructor(canvas, exported) {
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false });
    if (!gl) throw new Error("this browser has no WebGL 2");
    if (!gl.getExtension("EXT_color_buffer_float")) throw new Error("this browser's WebGL does not write textures of floats");
    Object.assign(this, { canvas, gl, exported });
    this.side = gl.getParameter(gl.MAX_TEXTURE_SIZE);
    this.textures = { input: null, filtered: null, truth: null };
    this.sides = { left: "input", right: "filtered" };
    // Screen pixels a pixel of the picture, and the picture's point in the middle of the screen.
    Object.assign(this, { zoom: 1, x: 0, y: 0, divider: 0.5, exposure: 0, width: 0, height: 0, times: [] });
    this.program = compiled(gl, corners, show);
  }

  /** Takes another picture: linear light, four floats a pixel. */
  setPicture({ texels, width, height }) {
    if (width !== this.width || height !== this.height || !this.filter) {
      this.filter?.delete();
      this.filter = new FewtapFilter(this.gl, this.exported, width, height);
      Object.assign(this, { width, height });
      this.fit();
    }
    this.texels = texels;
    this.textures.input = this.#texture(this.textures.input, texels);
    this.#drop("truth");
  }

  /** Gives a basis its parameters: four for all pixels, or four a pixel. */
  setParameters(values) {
    this.filter.setParameters(values);
  }

  /** The truth to compare with, as texels of the picture's size; nil: none. */
  setTruth(texels) {
    this.#drop("truth");
    if (texels) this.textures.truth = this.#texture(null, texels);
  }

  /** Filters, and gives the milliseconds that it took until the device was done. */
  run() {
    const { gl } = this;
    const start = performance.now();
    this.textures.filtered = this.filter.run(this.texels);
    // Reading a pixel waits for the device.
    this.#read(1, 1);
    const time = performance.now() - start;
    this.times = [...this.times, time].slice(-9);
    return [...this.times].sort((a, b) => a - b)[Math.floor(this.times.length / 2)];
  }

  /** The filtered picture: linear light, four floats a pixel, upper row first. */
  pixels() {
    return this.filter.pixels(this.texels);
  }

  #read(width, height) {
    const { gl } = this;
    const result = new Float32Array(4 * width * height);
    gl.bindFramebuffer(gl.FRAMEBUFFER, (this.framebuffer ??= gl.createFramebuffer()));
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.textures.filtered, 0);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.FLOAT, result);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    return result;
  }

  /** Shows all of the picture. */
  fit() {
    this.#size();
    this.zoom = Math.min(this.canvas.width / this.width, this.canvas.height / this.height);
    Object.assign(this, { x: this.width / 2, y: this.height / 2 });
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

  /** Makes the canvas as large as it is on the screen; a picture that was fitted stays so. */
  #size() {
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight].map((length) =>
      Math.max(Math.round(length * devicePixelRatio), 1));
    if (width === this.canvas.width && height === this.canvas.height) return false;
    Object.assign(this.canvas, { width, height });
    return true;
  }

  /** Draws both views. */
  draw(ground) {
    const { gl, canvas } = this;
    const wasFitted = Math.abs(this.zoom * this.width - canvas.width) < 1 || Math.abs(this.zoom * this.height - canvas.height) < 1;
    if (this.#size() && wasFitted) this.fit();
    const left = this.textures[this.sides.left] ?? this.textures.input;
    const right = this.textures[this.sides.right] ?? this.textures.input;
    if (!left || !right) return;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.useProgram(this.program);
    [left, right].forEach((texture, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, texture);
    });
    const place = (name) => gl.getUniformLocation(this.program, name);
    gl.uniform1i(place("left"), 0);
    gl.uniform1i(place("right"), 1);
    gl.uniform2f(place("canvas"), canvas.width, canvas.height);
    gl.uniform2f(place("middle"), this.x, this.y);
    gl.uniform1f(place("zoom"), this.zoom);
    gl.uniform1f(place("divider"), this.divider * canvas.width);
    gl.uniform1f(place("gain"), 2 ** this.exposure);
    gl.uniform3fv(place("ground"), ground);
    gl.bindVertexArray((this.corners ??= gl.createVertexArray()));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    for (const unit of [1, 0]) {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, null);
    }
  }

  /**
   * How long the dense kernel would take here: it runs over as many rows as about `work` reads make, once to warm up and once timed.
   * @returns {{milliseconds: number, rows: number}}
   */
  timeDense(kernel, work = 6e7) {
    const { gl } = this;
    const rows = Math.max(1, Math.min(this.height, Math.floor(work / (this.width * kernel.values.length))));
    const program = compiled(gl, corners, dense);
    const weights = this.#single(kernel);
    const target = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, target);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA16F, this.width, rows);
    const framebuffer = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, target, 0);
    gl.viewport(0, 0, this.width, rows);
    gl.useProgram(program);
    [this.textures.input, weights].forEach((texture, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, texture);
    });
    gl.uniform1i(gl.getUniformLocation(program, "image"), 0);
    gl.uniform1i(gl.getUniformLocation(program, "kernel"), 1);
    gl.uniform2i(gl.getUniformLocation(program, "center"), kernel.x, kernel.y);
    gl.bindVertexArray((this.corners ??= gl.createVertexArray()));
    const pixel = new Float32Array(4);
    let time = 0;
    for (let round = 0; round < 2; round++) {
      const start = performance.now();
      gl.drawArrays(gl.TRIANGLES, 0, 3);
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.FLOAT, pixel);
      time = performance.now() - start;
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.deleteFramebuffer(framebuffer);
    for (const texture of [target, weights]) gl.deleteTexture(texture);
    gl.deleteProgram(program);
    return { milliseconds: (time * this.height) / rows, rows };
  }

  #single(kernel) {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    plain(gl);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.R32F, kernel.width, kernel.height);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, kernel.width, kernel.height, gl.RED, gl.FLOAT, kernel.values);
    nearest(gl);
    return texture;
  }

  #texture(old, texels) {
    const { gl } = this;
    if (old) gl.deleteTexture(old);
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    plain(gl);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA32F, this.width, this.height);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, this.width, this.height, gl.RGBA, gl.FLOAT, texels);
    nearest(gl);
    gl.bindTexture(gl.TEXTURE_2D, null);
    return texture;
  }

  #drop(name) {
    if (this.textures[name]) this.gl.deleteTexture(this.textures[name]);
    this.textures[name] = null;
  }
}

function plain(gl) {
  gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
  gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
}

function nearest(gl) {
  for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
}

function compiled(gl, vertex, fragment) {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) || "WebGL lost its context");
  return program;
}

const corners = `#version 300 es
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
}
`;

// Pixels of the picture are squares where they are larger than the screen's, else means of those under one.
const show = `#version 300 es
precision highp float;
precision highp sampler2D;
uniform sampler2D left, right;
uniform vec2 canvas, middle;
uniform float zoom, divider, gain;
uniform vec3 ground;
out vec4 result;

vec3 light(sampler2D picture, vec2 place) {
  int count = zoom >= 1.0 ? 1 : min(int(ceil(1.0 / zoom)), 8);
  vec3 sum = vec3(0.0);
  ivec2 last = textureSize(picture, 0) - 1;
  for (int y = 0; y < count; y++) {
    for (int x = 0; x < count; x++) {
      vec2 part = (vec2(float(x), float(y)) + 0.5) / float(count) - 0.5;
      sum += texelFetch(picture, clamp(ivec2(floor(place + part / zoom)), ivec2(0), last), 0).rgb;
    }
  }
  return sum / float(count * count);
}

void main() {
  vec2 screen = vec2(gl_FragCoord.x, canvas.y - gl_FragCoord.y);
  vec2 place = middle + (screen - 0.5 * canvas) / zoom;
  vec2 size = vec2(textureSize(left, 0));
  bool inside = all(greaterThanEqual(place, vec2(0.0))) && all(lessThan(place, size));
  vec3 shown = screen.x < divider ? light(left, place) : light(right, place);
  vec3 clamped = clamp(gain * shown, 0.0, 1.0);
  vec3 code = mix(12.92 * clamped, 1.055 * pow(clamped, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, clamped));
  result = vec4(inside ? code : ground, 1.0);
}
`;

const dense = `#version 300 es
precision highp float;
precision highp sampler2D;
uniform sampler2D image, kernel;
uniform ivec2 center;
out vec4 result;
void main() {
  ivec2 place = ivec2(gl_FragCoord.xy), last = textureSize(image, 0) - 1, size = textureSize(kernel, 0);
  vec4 sum = vec4(0.0);
  for (int y = 0; y < size.y; y++) {
    for (int x = 0; x < size.x; x++) {
      float weight = texelFetch(kernel, ivec2(x, y), 0).r;
      sum += weight * texelFetch(image, clamp(place - ivec2(x, y) + center, ivec2(0), last), 0);
    }
  }
  result = sum;
}
`;
