// Filters a picture and draws two views of it, by WebGL 2. Filters run by the host that exports bring along.

import { FewtapFilter } from "fewtap/fewtap-webgl2.js";

/** Textures of one picture, and what draws them. `painter-webgpu.js` has the same methods. */
export class WebGL2Painter {
  static language = "essl";

  /** Throws where the browser lacks what it takes. */
  static async make(canvas) {
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false });
    if (!gl) throw new Error("this browser has no WebGL 2");
    if (!gl.getExtension("EXT_color_buffer_float")) throw new Error("this browser's WebGL does not write textures of floats");
    return new WebGL2Painter(canvas, gl);
  }

  constructor(canvas, gl) {
    Object.assign(this, { canvas, gl, name: "WebGL 2", side: gl.getParameter(gl.MAX_TEXTURE_SIZE) });
    this.textures = { input: null, filtered: null, truth: null };
    this.program = compiled(gl, show);
    this.corners = gl.createVertexArray();
    this.framebuffer = gl.createFramebuffer();
    /** Called with a sentence when the device is gone. */
    this.troubled = () => {};
    canvas.addEventListener("webglcontextlost", () => this.troubled("The browser took the graphics device away: load the page again."));
  }

  /** Takes a filter and a picture: linear light, four floats a pixel. */
  async prepare(exported, { texels, width, height }) {
    const filter = new FewtapFilter(this.gl, exported, width, height);
    this.filter?.delete();
    Object.assign(this, { filter, width, height, texels, isTaken: false });
    for (const name of ["input", "filtered", "truth"]) this.#drop(name);
    this.textures.input = this.#texture(texels);
  }

  /** Gives a basis its parameters: four for all pixels, or four a pixel. */
  setParameters(values) {
    this.filter.setParameters(values);
  }

  /** The truth to compare with, as texels of the picture's size; null: none. */
  setTruth(texels) {
    this.#drop("truth");
    if (texels) this.textures.truth = this.#texture(texels);
  }

  /** Filters, and gives the milliseconds that it took until the device was done. */
  async run() {
    if (!this.isTaken) this.filter.run(this.texels);
    this.isTaken = true;
    this.#wait();
    const start = performance.now();
    this.textures.filtered = this.filter.run();
    this.#wait();
    return performance.now() - start;
  }

  /** The filtered picture: linear light, four floats a pixel, upper row first. */
  async pixels() {
    return this.filter.pixels(this.texels);
  }

  /** Draws both views; `look` as PictureView has it. */
  draw({ sides, x, y, zoom, divider, exposure }, ground) {
    const { gl, canvas, textures } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.useProgram(this.program);
    [sides.left, sides.right].forEach((side, unit) => bind(gl, unit, textures[side] ?? textures.input));
    const place = (name) => gl.getUniformLocation(this.program, name);
    gl.uniform1i(place("left"), 0);
    gl.uniform1i(place("right"), 1);
    gl.uniform2f(place("canvas"), canvas.width, canvas.height);
    gl.uniform2f(place("middle"), x, y);
    gl.uniform1f(place("zoom"), zoom);
    gl.uniform1f(place("divider"), divider * canvas.width);
    gl.uniform1f(place("gain"), 2 ** exposure);
    gl.uniform3fv(place("ground"), ground);
    this.#triangle();
  }

  /** Milliseconds that the dense kernel takes for the first `rows` rows, once it is warm. */
  async timeDense(kernel, rows) {
    const { gl, width } = this;
    const program = compiled(gl, dense);
    const weights = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, weights);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.R32F, kernel.width, kernel.height);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, kernel.width, kernel.height, gl.RED, gl.FLOAT, kernel.values);
    nearest(gl);
    const target = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, target);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA16F, width, rows);
    gl.useProgram(program);
    gl.uniform1i(gl.getUniformLocation(program, "image"), 0);
    gl.uniform1i(gl.getUniformLocation(program, "kernel"), 1);
    gl.uniform2i(gl.getUniformLocation(program, "center"), kernel.x, kernel.y);
    let time = 0;
    for (let round = 0; round < 2; round++) {
      const start = performance.now();
      this.#to(target);
      gl.viewport(0, 0, width, rows);
      bind(gl, 0, this.textures.input);
      bind(gl, 1, weights);
      this.#triangle();
      this.#wait(target);
      time = performance.now() - start;
    }
    for (const texture of [target, weights]) gl.deleteTexture(texture);
    gl.deleteProgram(program);
    return time;
  }

  /** Frees what it holds of the device. */
  delete() {
    this.troubled = () => {};
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  #triangle() {
    const { gl } = this;
    gl.bindVertexArray(this.corners);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    for (const unit of [1, 0]) bind(gl, unit, null);
  }

  #to(texture) {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  }

  /** Reading a pixel waits for the device. */
  #wait(texture = this.textures.filtered ?? this.textures.input) {
    const { gl } = this;
    this.#to(texture);
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.FLOAT, new Float32Array(4));
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  #texture(texels) {
    const { gl, width, height } = this;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA32F, width, height);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, gl.RGBA, gl.FLOAT, texels);
    nearest(gl);
    return texture;
  }

  #drop(name) {
    // What is filtered is the filter's own.
    if (this.textures[name] && name !== "filtered") this.gl.deleteTexture(this.textures[name]);
    this.textures[name] = null;
  }
}

function bind(gl, unit, texture) {
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, texture);
}

function nearest(gl) {
  for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
}

function compiled(gl, fragment) {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, corners], [gl.FRAGMENT_SHADER, fragment]]) {
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
