// Runs a filter or basis that `fewtap export --language essl --stage fragment` wrote, by WebGL 2.
//
//   import { loadExport } from "./fewtap-load.js";
//   import { FewtapFilter } from "./fewtap-webgl2.js";
//
//   const gl = document.querySelector("canvas").getContext("webgl2");
//   const filter = new FewtapFilter(gl, await loadExport("."), image.width, image.height);
//   filter.draw(image);                   // onto the canvas, which should have the image's size
//   const texels = filter.pixels(image);  // or as floats: linear light, four a pixel, upper row first
//
// In a basis every pixel has parameters of its own, set before that: filter.setParameters(floats), four numbers a pixel in the order
// of the axes, or up to four for all pixels.
//
// It runs the text as it is, in the order of passes.json. It leaves its own viewport, program, framebuffer and bindings behind.

/** What a filter cannot do, with what would do. */
export class FewtapError extends Error {}

/** A filter or basis, compiled, with textures for images of one size. */
export class FewtapFilter {
  /**
   * gl: a WebGL2RenderingContext.
   * exported: { program, files }: passes.json as an object, and by name the text of each file, of a table its Float32Array.
   */
  constructor(gl, exported, width, height) {
    const { program, files } = exported;
    Object.assign(this, { gl, program, width, height });
    this.textures = new Map();
    this.compiled = [];
    this.shaders = [];
    // What must run again, and all that follows what changes more often.
    this.stale = "size";
    try {
      this.#check();
      for (const described of program.textures) this.#make(described, files);
      this.samplers = {
        nearest: this.#sampler(gl.NEAREST, gl.CLAMP_TO_EDGE),
        clamp: this.#sampler(gl.LINEAR, gl.CLAMP_TO_EDGE),
        wrap: this.#sampler(gl.LINEAR, gl.REPEAT),
      };
      // All shaders are compiled before any is asked how that went: drivers do it at the same time.
      this.vertex = this.#shader(gl.VERTEX_SHADER, text(files, program.fullscreen.file));
      this.compiled = program.passes.map((pass) => this.#link(chosen(pass, text(files, pass.file))));
      program.passes.forEach((pass, index) => this.#setUnits(pass, this.compiled[index]));
      this.take = this.#linked(take, "reading images");
      this.show = this.#linked(show, "drawing");
    } catch (error) {
      this.delete();
      throw error;
    }
  }

  /** Gives the pixels of a basis their parameters: four numbers a pixel in the order of the axes, or up to four for all of them. */
  setParameters(values) {
    const count = this.width * this.height;
    const texels = values.length > 4 ? values : repeated(values, count);
    if (texels.length !== 4 * count) throw new FewtapError(`${texels.length} parameters: ${4 * count} are four a pixel`);
    for (const texture of this.#with("parameters")) {
      this.#write(texture, texels);
      texture.isGiven = true;
      if (before("parameters", this.stale)) this.stale = "parameters";
    }
  }

  /**
   * Filters, and gives the texture of the result: of linear light, upper row first, the filter's own until it runs again.
   * source: an image, canvas, video, ImageBitmap or ImageData, of sRGB; or floats of linear light, four a pixel; none: what it took last.
   */
  run(source) {
    const { gl, program } = this;
    if (gl.isContextLost()) throw new FewtapError("the context is lost: make the filter anew when it is restored");
    for (const name of ["BLEND", "CULL_FACE", "DEPTH_TEST", "SCISSOR_TEST", "STENCIL_TEST"]) gl.disable(gl[name]);
    gl.colorMask(true, true, true, true);
    gl.bindVertexArray((this.corners ??= gl.createVertexArray()));
    if (this.#with("parameters").some((texture) => !texture.isGiven)) {
      throw new FewtapError("a basis needs parameters for every pixel: call setParameters before");
    }
    if (source !== undefined) this.#takeImage(source);
    else if (!this.hasImage) throw new FewtapError("there is no image yet: the first run needs one");
    this.hasImage = true;
    program.passes.forEach((pass, index) => {
      if (!before(pass.dependsOn, this.stale)) this.#runPass(pass, this.compiled[index]);
    });
    this.stale = "image";
    return this.#with("output")[0].texture;
  }

  /** Filters, and gives floats of linear light, four a pixel, upper row first. */
  pixels(source) {
    const { gl } = this;
    this.run(source);
    const result = new Float32Array(4 * this.width * this.height);
    this.#target(this.#with("output")[0], 0);
    gl.readPixels(0, 0, this.width, this.height, gl.RGBA, gl.FLOAT, result);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    return result;
  }

  /** Filters, and draws the result, as sRGB, into the upper left of the context's canvas. */
  draw(source) {
    const { gl, width, height } = this;
    this.run(source);
    // Row 0 of a canvas is its lowest.
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, gl.drawingBufferHeight - height, width, height);
    gl.useProgram(this.show);
    gl.uniform1i(gl.getUniformLocation(this.show, "top"), gl.drawingBufferHeight - 1);
    gl.uniform1i(gl.getUniformLocation(this.show, "alpha"), ["none", "straight", "premultiplied"].indexOf(this.program.alpha));
    this.#bind(0, this.#with("output")[0], this.samplers.nearest);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    this.#unbind(1);
  }

  /** Frees what it holds of the context. */
  delete() {
    const { gl } = this;
    for (const { texture } of this.textures.values()) gl.deleteTexture(texture);
    for (const sampler of Object.values(this.samplers ?? {})) gl.deleteSampler(sampler);
    for (const program of [...this.compiled, this.take, this.show]) gl.deleteProgram(program ?? null);
    for (const shader of this.shaders) gl.deleteShader(shader);
    gl.deleteTexture(this.source ?? null);
    gl.deleteFramebuffer(this.framebuffer ?? null);
    gl.deleteVertexArray(this.corners ?? null);
  }

  // What the device must have.

  #check() {
    const { gl, program, width, height } = this;
    if (program.format !== "fewtap.shader" || program.version !== 1) {
      throw new FewtapError(`passes.json is ${program.format} ${program.version}: this host runs fewtap.shader 1`);
    }
    if (program.language !== "essl" || program.stage !== "fragment") {
      throw new FewtapError(
        `the text is ${program.language} of the ${program.stage} stage: WebGL 2 runs essl of the fragment stage`);
    }
    if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
      throw new FewtapError(`an image of ${width}x${height} has no pixels`);
    }
    if (!gl.getExtension("EXT_color_buffer_float")) {
      throw new FewtapError("the device cannot write textures of floats (EXT_color_buffer_float)");
    }
    const filtersFloats = gl.getExtension("OES_texture_float_linear");
    const formats = new Map(program.textures.map((texture) => [texture.name, texture.format]));
    for (const pass of program.passes) {
      const limit = gl.getParameter(gl.MAX_TEXTURE_IMAGE_UNITS);
      if (pass.inputs.length > limit) {
        throw new FewtapError(`pass ${pass.name} reads ${pass.inputs.length} textures, the device ${limit} at most`);
      }
      if (!filtersFloats && pass.inputs.some((input) => input.linear && formats.get(input.texture) === "rgba32f")) {
        throw new FewtapError(
          `pass ${pass.name}: the device does not interpolate floats (OES_texture_float_linear): ` +
          "export with --sampling fetch, or --format rgba16f");
      }
    }
  }

  // Textures.

  #with(role) {
    return [...this.textures.values()].filter((texture) => texture.role === role);
  }

  #make(described, files) {
    const { gl } = this;
    const { name, role, layers } = described;
    const [width, height] = [size(described.x, this.width), size(described.y, this.height)];
    const limits = [gl.getParameter(gl.MAX_TEXTURE_SIZE), gl.getParameter(gl.MAX_ARRAY_TEXTURE_LAYERS)];
    if (Math.max(width, height) > limits[0] || (layers ?? 1) > limits[1]) {
      throw new FewtapError(
        `texture ${name} of ${width}x${height}x${layers ?? 1}: the device has ${limits[0]}x${limits[0]}x${limits[1]} at most`);
    }
    const target = layers === null ? gl.TEXTURE_2D : gl.TEXTURE_2D_ARRAY;
    const texture = { name, role, width, height, target, texture: gl.createTexture() };
    this.textures.set(name, texture);
    const format = described.format === "rgba16f" ? gl.RGBA16F : gl.RGBA32F;
    gl.bindTexture(target, texture.texture);
    if (layers === null) gl.texStorage2D(target, 1, format, width, height);
    else gl.texStorage3D(target, 1, format, width, height, layers);
    if (role === "table") this.#write(texture, text(files, described.file));
  }

  #write({ texture, width, height }, floats) {
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, texture);
    this.#unpackPlainly();
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, gl.RGBA, gl.FLOAT, new Float32Array(floats));
  }

  #unpackPlainly() {
    const { gl } = this;
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
  }

  #takeImage(source) {
    const { gl, width, height } = this;
    const image = this.#with("image")[0];
    if (ArrayBuffer.isView(source)) {
      if (source.length !== 4 * width * height) {
        throw new FewtapError(`${source.length} numbers: ${4 * width * height} are four a pixel of ${width}x${height}`);
      }
      this.#write(image, source);
      return;
    }
    const given = sides(source);
    if (given[0] !== width || given[1] !== height) {
      throw new FewtapError(`the image is ${given.join("x")}, not ${width}x${height} as the filter was made for`);
    }
    // The texture unit makes sRGB linear; colors are multiplied by alpha after that, where they are to be.
    this.source ??= gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.source);
    this.#unpackPlainly();
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.SRGB8_ALPHA8, gl.RGBA, gl.UNSIGNED_BYTE, source);
    this.#target(image, 0);
    gl.useProgram(this.take);
    gl.uniform1i(gl.getUniformLocation(this.take, "multiplies"), this.program.alpha === "premultiplied" ? 1 : 0);
    this.#bind(0, { target: gl.TEXTURE_2D, texture: this.source }, this.samplers.nearest);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    this.#unbind(1);
  }

  // Passes.

  #runPass(pass, program) {
    const { gl } = this;
    this.#target(this.textures.get(pass.output), pass.layer);
    gl.useProgram(program);
    pass.inputs.forEach((input, unit) => {
      this.#bind(unit, this.textures.get(input.texture), this.samplers[input.linear ?? "nearest"]);
    });
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    this.#unbind(pass.inputs.length);
  }

  /** Makes a texture, of an array a layer of it, what is drawn to. */
  #target({ name, target, texture, width, height }, layer) {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, (this.framebuffer ??= gl.createFramebuffer()));
    if (target === gl.TEXTURE_2D) {
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, target, texture, 0);
    } else {
      gl.framebufferTextureLayer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, texture, 0, layer);
    }
    if (gl.checkFramebufferStatus(gl.FRAMEBUFFER) !== gl.FRAMEBUFFER_COMPLETE) {
      throw new FewtapError(`the device cannot draw to texture ${name} of ${width}x${height}: it may be out of memory`);
    }
    gl.viewport(0, 0, width, height);
  }

  #bind(unit, { target, texture }, sampler) {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(target, texture);
    gl.bindSampler(unit, sampler);
  }

  /** A texture must not be bound while it is drawn to; and samplers would go on to rule over others' textures. */
  #unbind(count) {
    const { gl } = this;
    for (let unit = count - 1; unit >= 0; unit--) {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, null);
      gl.bindTexture(gl.TEXTURE_2D_ARRAY, null);
      gl.bindSampler(unit, null);
    }
  }

  #sampler(filter, wrap) {
    const { gl } = this;
    const sampler = gl.createSampler();
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.samplerParameteri(sampler, name, filter);
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.samplerParameteri(sampler, name, wrap);
    return sampler;
  }

  // Shaders.

  #shader(type, source) {
    const { gl } = this;
    const shader = gl.createShader(type);
    this.shaders.push(shader);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    return shader;
  }

  #link(source) {
    const { gl } = this;
    const program = gl.createProgram();
    gl.attachShader(program, this.vertex);
    gl.attachShader(program, this.#shader(gl.FRAGMENT_SHADER, source));
    gl.linkProgram(program);
    return program;
  }

  /** Inputs are at units in their order. */
  #setUnits(pass, program) {
    const { gl } = this;
    this.#checkLink(program, `pass ${pass.name}`);
    gl.useProgram(program);
    pass.inputs.forEach((input, unit) => gl.uniform1i(gl.getUniformLocation(program, input.name), unit));
  }

  #linked(source, what) {
    const program = this.#link(source);
    this.#checkLink(program, what);
    return program;
  }

  #checkLink(program, what) {
    const { gl } = this;
    if (gl.getProgramParameter(program, gl.LINK_STATUS) || gl.isContextLost()) return;
    const logs = gl.getAttachedShaders(program).map((shader) => gl.getShaderInfoLog(shader));
    throw new FewtapError(`${what}: the driver refuses the text: ${[gl.getProgramInfoLog(program), ...logs].join(" ").trim()}`);
  }
}

/** Texels along an axis of a texture, for so many pixels of the image. */
function size(axis, pixels) {
  return axis.factor === 0 ? axis.extra : Math.floor((pixels + axis.added) / axis.factor) + axis.extra;
}

/** Columns and rows of what a browser can draw. */
function sides(image) {
  return [
    image.naturalWidth ?? image.videoWidth ?? image.displayWidth ?? image.width,
    image.naturalHeight ?? image.videoHeight ?? image.displayHeight ?? image.height,
  ];
}

/** Whether a result that follows `a` changes less often than one that follows `b`. */
function before(a, b) {
  const order = ["size", "parameters", "image"];
  return order.indexOf(a) < order.indexOf(b);
}

function repeated(values, count) {
  const texels = new Float32Array(4 * count);
  for (let index = 0; index < texels.length; index++) texels[index] = values[index % 4] ?? 0;
  return texels;
}

function text(files, name) {
  if (files[name] === undefined) throw new FewtapError(`${name}, which passes.json tells of, is missing`);
  return files[name];
}

/** The text of a pass, out of a file that has them all: what chooses it stands after the line that tells the version. */
function chosen(pass, source) {
  return pass.define ? source.replace("\n", `\n#define ${pass.define}\n`) : source;
}

const take = `#version 300 es
precision highp float;
precision highp sampler2D;
uniform sampler2D source;
uniform bool multiplies;
out vec4 result;
void main() {
  result = texelFetch(source, ivec2(gl_FragCoord.xy), 0);
  if (multiplies) result.rgb *= result.a;
}
`;

// A canvas takes sRGB whose colors are multiplied by alpha.
const show = `#version 300 es
precision highp float;
precision highp sampler2D;
uniform sampler2D source;
uniform int top, alpha;
out vec4 result;
void main() {
  vec4 texel = texelFetch(source, ivec2(int(gl_FragCoord.x), top - int(gl_FragCoord.y)), 0);
  float coverage = alpha == 0 ? 1.0 : clamp(texel.a, 0.0, 1.0);
  vec3 light = alpha == 2 && coverage > 0.0 ? texel.rgb / coverage : texel.rgb;
  light = clamp(light, 0.0, 1.0);
  vec3 code = mix(12.92 * light, 1.055 * pow(light, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, light));
  result = vec4(code * coverage, coverage);
}
`;
