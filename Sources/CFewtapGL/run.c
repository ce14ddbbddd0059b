// Textures, programs, passes and timers of an open device.
#include <stdio.h>
#include <string.h>

#include "functions.h"

enum {
  GL_TRIANGLES = 4,
  GL_NO_ERROR = 0,
  GL_OUT_OF_MEMORY = 0x0505,
  GL_PACK_ALIGNMENT = 0x0D05,
  GL_UNPACK_ALIGNMENT = 0x0CF5,
  GL_MAX_TEXTURE_SIZE = 0x0D33,
  GL_MAX_VIEWPORT_DIMS = 0x0D3A,
  GL_TEXTURE_2D = 0x0DE1,
  GL_FLOAT = 0x1406,
  GL_RGBA = 0x1908,
  GL_RENDERER = 0x1F01,
  GL_VERSION = 0x1F02,
  GL_TEXTURE0 = 0x84C0,
  GL_QUERY_RESULT = 0x8866,
  GL_MAX_TEXTURE_IMAGE_UNITS = 0x8872,
  GL_RGBA32F = 0x8814,
  GL_RGBA16F = 0x881A,
  GL_WRITE_ONLY = 0x88B9,
  GL_TIME_ELAPSED = 0x88BF,
  GL_MAX_ARRAY_TEXTURE_LAYERS = 0x88FF,
  GL_FRAGMENT_SHADER = 0x8B30,
  GL_VERTEX_SHADER = 0x8B31,
  GL_COMPILE_STATUS = 0x8B81,
  GL_LINK_STATUS = 0x8B82,
  GL_TEXTURE_2D_ARRAY = 0x8C1A,
  GL_FRAMEBUFFER_COMPLETE = 0x8CD5,
  GL_COLOR_ATTACHMENT0 = 0x8CE0,
  GL_FRAMEBUFFER = 0x8D40,
  GL_GPU_DISJOINT = 0x8FBB,
  GL_COMPUTE_SHADER = 0x91B9,
};
// What a later pass, a draw or a read may do with what a compute shader stored: fetches, framebuffers, images, textures' own updates.
enum { all_barriers = 0x8 | 0x20 | 0x100 | 0x400 };

static int is_texture_shape(const fewtap_gl_shape *shape) {
  return shape && shape->width > 0 && shape->height > 0 && shape->layers >= 0;
}

fewtap_gl_status fewtap_gl_check(const fewtap_gl *gl) {
  fewtap_gl_status status = FEWTAP_GL_OK;
  // A lost context reports errors without end.
  for (int i = 0; i < 16; i++) {
    unsigned error = gl->gl.GetError();
    if (error == GL_NO_ERROR) break;
    if (status == FEWTAP_GL_OK) status = error == GL_OUT_OF_MEMORY ? FEWTAP_GL_OUT_OF_MEMORY : FEWTAP_GL_FAILED;
  }
  return status;
}

fewtap_gl_status fewtap_gl_describe(const fewtap_gl *gl, fewtap_gl_description *description) {
  if (!fewtap_gl_is_open(gl) || !description) return FEWTAP_GL_BAD_ARGUMENT;
  memset(description, 0, sizeof *description);
  const char *renderer = (const char *)gl->gl.GetString(GL_RENDERER), *version = (const char *)gl->gl.GetString(GL_VERSION);
  if (renderer) snprintf(description->renderer, sizeof description->renderer, "%s", renderer);
  if (version) snprintf(description->version, sizeof description->version, "%s", version);
  int is_desktop = gl->api == FEWTAP_GL_DESKTOP, viewport[2] = {0, 0};
  description->has_compute = gl->has_compute;
  description->has_timers = gl->has_timers;
  description->renders_floats = is_desktop || fewtap_gl_has_extension(gl, "GL_EXT_color_buffer_float");
  description->filters_floats = is_desktop || fewtap_gl_has_extension(gl, "GL_OES_texture_float_linear");
  gl->gl.GetIntegerv(GL_MAX_TEXTURE_SIZE, &description->texture_side);
  gl->gl.GetIntegerv(GL_MAX_VIEWPORT_DIMS, viewport);
  for (int axis = 0; axis < 2; axis++)
    if (viewport[axis] < description->texture_side) description->texture_side = viewport[axis];
  gl->gl.GetIntegerv(GL_MAX_ARRAY_TEXTURE_LAYERS, &description->texture_layers);
  gl->gl.GetIntegerv(GL_MAX_TEXTURE_IMAGE_UNITS, &description->texture_units);
  // Unit 0 is not used: bindings of inputs begin at 1.
  description->texture_units--;
  return fewtap_gl_check(gl);
}

fewtap_gl_status fewtap_gl_finish(const fewtap_gl *gl) {
  if (!fewtap_gl_is_open(gl)) return FEWTAP_GL_BAD_ARGUMENT;
  gl->gl.Finish();
  return fewtap_gl_check(gl);
}

fewtap_gl_status fewtap_gl_make_texture(const fewtap_gl *gl, const fewtap_gl_shape *shape, uint32_t *texture) {
  if (!fewtap_gl_is_open(gl) || !is_texture_shape(shape) || !texture) return FEWTAP_GL_BAD_ARGUMENT;
  unsigned name = 0, target = shape->layers ? GL_TEXTURE_2D_ARRAY : GL_TEXTURE_2D;
  unsigned format = shape->half ? GL_RGBA16F : GL_RGBA32F;
  gl->gl.GenTextures(1, &name);
  gl->gl.ActiveTexture(GL_TEXTURE0);
  gl->gl.BindTexture(target, name);
  if (shape->layers)
    gl->gl.TexStorage3D(target, 1, format, shape->width, shape->height, shape->layers);
  else
    gl->gl.TexStorage2D(target, 1, format, shape->width, shape->height);
  gl->gl.BindTexture(target, 0);
  fewtap_gl_status status = fewtap_gl_check(gl);
  if (status != FEWTAP_GL_OK) gl->gl.DeleteTextures(1, &name);
  *texture = status == FEWTAP_GL_OK ? name : 0;
  return status;
}

fewtap_gl_status fewtap_gl_write_texture(const fewtap_gl *gl, uint32_t texture, const fewtap_gl_shape *shape, const float *texels) {
  if (!fewtap_gl_is_open(gl) || !is_texture_shape(shape) || shape->layers || !texels) return FEWTAP_GL_BAD_ARGUMENT;
  gl->gl.ActiveTexture(GL_TEXTURE0);
  gl->gl.BindTexture(GL_TEXTURE_2D, texture);
  gl->gl.PixelStorei(GL_UNPACK_ALIGNMENT, 4);
  gl->gl.TexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, shape->width, shape->height, GL_RGBA, GL_FLOAT, texels);
  gl->gl.BindTexture(GL_TEXTURE_2D, 0);
  return fewtap_gl_check(gl);
}

// Makes a texture, or a layer of one, what is drawn to and read from; 0 if the device cannot.
static int target_texture(const fewtap_gl *gl, uint32_t texture, const fewtap_gl_shape *shape, int layer) {
  gl->gl.BindFramebuffer(GL_FRAMEBUFFER, gl->framebuffer);
  if (shape->layers)
    gl->gl.FramebufferTextureLayer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, texture, 0, layer);
  else
    gl->gl.FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
  return gl->gl.CheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE;
}

// A texture that stays a target could not be deleted, or read by the next pass.
static void leave_target(const fewtap_gl *gl) {
  gl->gl.FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, 0, 0);
  gl->gl.BindFramebuffer(GL_FRAMEBUFFER, 0);
}

fewtap_gl_status fewtap_gl_read_texture(const fewtap_gl *gl, uint32_t texture, const fewtap_gl_shape *shape, float *texels) {
  if (!fewtap_gl_is_open(gl) || !is_texture_shape(shape) || shape->layers || !texels) return FEWTAP_GL_BAD_ARGUMENT;
  int can_read = target_texture(gl, texture, shape, 0);
  if (can_read) {
    gl->gl.PixelStorei(GL_PACK_ALIGNMENT, 4);
    gl->gl.ReadPixels(0, 0, shape->width, shape->height, GL_RGBA, GL_FLOAT, texels);
  }
  leave_target(gl);
  fewtap_gl_status status = fewtap_gl_check(gl);
  return can_read ? status : FEWTAP_GL_FAILED;
}

fewtap_gl_status fewtap_gl_delete_texture(const fewtap_gl *gl, uint32_t texture) {
  if (!fewtap_gl_is_open(gl)) return FEWTAP_GL_BAD_ARGUMENT;
  gl->gl.DeleteTextures(1, &texture);
  return fewtap_gl_check(gl);
}

// Adds a compiled shader to a program.
static fewtap_gl_status attach(const fewtap_gl *gl, unsigned program, unsigned type, const char *text, fewtap_gl_message *message) {
  unsigned shader = gl->gl.CreateShader(type);
  int is_good = 0;
  gl->gl.ShaderSource(shader, 1, &text, NULL);
  gl->gl.CompileShader(shader);
  gl->gl.GetShaderiv(shader, GL_COMPILE_STATUS, &is_good);
  if (is_good)
    gl->gl.AttachShader(program, shader);
  else if (message)
    gl->gl.GetShaderInfoLog(shader, (int)sizeof message->text, NULL, message->text);
  // It lives on as long as the program.
  gl->gl.DeleteShader(shader);
  return is_good ? FEWTAP_GL_OK : FEWTAP_GL_REFUSED_TEXT;
}

fewtap_gl_status fewtap_gl_make_program(const fewtap_gl *gl, const char *vertex, const char *text, uint32_t *program,
                                        fewtap_gl_message *message) {
  if (message) message->text[0] = 0;
  if (!fewtap_gl_is_open(gl) || !text || !program) return FEWTAP_GL_BAD_ARGUMENT;
  if (!vertex && !gl->has_compute) return FEWTAP_GL_NO_FUNCTION;
  unsigned name = gl->gl.CreateProgram();
  fewtap_gl_status status = vertex ? attach(gl, name, GL_VERTEX_SHADER, vertex, message) : FEWTAP_GL_OK;
  if (status == FEWTAP_GL_OK) status = attach(gl, name, vertex ? GL_FRAGMENT_SHADER : GL_COMPUTE_SHADER, text, message);
  if (status == FEWTAP_GL_OK) {
    int is_good = 0;
    gl->gl.LinkProgram(name);
    gl->gl.GetProgramiv(name, GL_LINK_STATUS, &is_good);
    if (!is_good && message) gl->gl.GetProgramInfoLog(name, (int)sizeof message->text, NULL, message->text);
    if (!is_good) status = FEWTAP_GL_REFUSED_TEXT;
  }
  fewtap_gl_status errors = fewtap_gl_check(gl);
  if (status == FEWTAP_GL_OK) status = errors;
  if (status != FEWTAP_GL_OK) gl->gl.DeleteProgram(name);
  *program = status == FEWTAP_GL_OK ? name : 0;
  return status;
}

fewtap_gl_status fewtap_gl_name_input(const fewtap_gl *gl, uint32_t program, const char *name, int unit) {
  if (!fewtap_gl_is_open(gl) || !name || unit < 0) return FEWTAP_GL_BAD_ARGUMENT;
  gl->gl.UseProgram(program);
  int location = gl->gl.GetUniformLocation(program, name);
  if (location >= 0) gl->gl.Uniform1i(location, unit);
  gl->gl.UseProgram(0);
  return fewtap_gl_check(gl);
}

fewtap_gl_status fewtap_gl_delete_program(const fewtap_gl *gl, uint32_t program) {
  if (!fewtap_gl_is_open(gl)) return FEWTAP_GL_BAD_ARGUMENT;
  gl->gl.DeleteProgram(program);
  return fewtap_gl_check(gl);
}

static void bind_inputs(const fewtap_gl *gl, const fewtap_gl_pass *pass) {
  for (int i = 0; i < pass->input_count; i++) {
    const fewtap_gl_input *input = &pass->inputs[i];
    gl->gl.ActiveTexture(GL_TEXTURE0 + 1 + (unsigned)i);
    gl->gl.BindTexture(input->is_array ? GL_TEXTURE_2D_ARRAY : GL_TEXTURE_2D, input->texture);
    gl->gl.BindSampler(1 + (unsigned)i, gl->samplers[input->sampling]);
  }
}

static void dispatch(const fewtap_gl *gl, const fewtap_gl_pass *pass) {
  const fewtap_gl_shape *shape = &pass->output_shape;
  unsigned format = shape->half ? GL_RGBA16F : GL_RGBA32F, side = (unsigned)pass->group_side;
  gl->gl.BindImageTexture(0, pass->output, 0, shape->layers != 0, 0, GL_WRITE_ONLY, format);
  gl->gl.DispatchCompute(((unsigned)shape->width + side - 1) / side, ((unsigned)shape->height + side - 1) / side, 1);
  gl->gl.MemoryBarrier(all_barriers);
}

static int draw(const fewtap_gl *gl, const fewtap_gl_pass *pass) {
  const fewtap_gl_shape *shape = &pass->output_shape;
  int can_draw = target_texture(gl, pass->output, shape, pass->output_layer);
  if (can_draw) {
    gl->gl.BindVertexArray(gl->vertices);
    gl->gl.Viewport(0, 0, shape->width, shape->height);
    gl->gl.DrawArrays(GL_TRIANGLES, 0, 3);
  }
  leave_target(gl);
  return can_draw;
}

fewtap_gl_status fewtap_gl_run(const fewtap_gl *gl, const fewtap_gl_pass *pass) {
  if (!fewtap_gl_is_open(gl) || !pass || pass->input_count < 0 || (pass->input_count > 0 && !pass->inputs) ||
      !is_texture_shape(&pass->output_shape) || pass->output_layer < 0 || pass->group_side < 0)
    return FEWTAP_GL_BAD_ARGUMENT;
  for (int i = 0; i < pass->input_count; i++)
    if ((int)pass->inputs[i].sampling < 0 || (int)pass->inputs[i].sampling >= FEWTAP_GL_SAMPLINGS) return FEWTAP_GL_BAD_ARGUMENT;
  if (pass->group_side && !gl->has_compute) return FEWTAP_GL_NO_FUNCTION;
  gl->gl.UseProgram(pass->program);
  bind_inputs(gl, pass);
  int has_run = 1;
  if (pass->group_side)
    dispatch(gl, pass);
  else
    has_run = draw(gl, pass);
  gl->gl.UseProgram(0);
  fewtap_gl_status status = fewtap_gl_check(gl);
  return has_run ? status : FEWTAP_GL_FAILED;
}

fewtap_gl_status fewtap_gl_make_timer(const fewtap_gl *gl, uint32_t *timer) {
  if (!fewtap_gl_is_open(gl) || !timer) return FEWTAP_GL_BAD_ARGUMENT;
  if (!gl->has_timers) return FEWTAP_GL_NO_FUNCTION;
  gl->gl.GenQueries(1, timer);
  return fewtap_gl_check(gl);
}

fewtap_gl_status fewtap_gl_begin_timer(const fewtap_gl *gl, uint32_t timer) {
  if (!fewtap_gl_is_open(gl)) return FEWTAP_GL_BAD_ARGUMENT;
  if (!gl->has_timers) return FEWTAP_GL_NO_FUNCTION;
  gl->gl.BeginQuery(GL_TIME_ELAPSED, timer);
  return fewtap_gl_check(gl);
}

fewtap_gl_status fewtap_gl_end_timer(const fewtap_gl *gl) {
  if (!fewtap_gl_is_open(gl)) return FEWTAP_GL_BAD_ARGUMENT;
  if (!gl->has_timers) return FEWTAP_GL_NO_FUNCTION;
  gl->gl.EndQuery(GL_TIME_ELAPSED);
  return fewtap_gl_check(gl);
}

fewtap_gl_status fewtap_gl_read_timer(const fewtap_gl *gl, uint32_t timer, uint64_t *nanoseconds, int *is_valid) {
  if (!fewtap_gl_is_open(gl) || !nanoseconds || !is_valid) return FEWTAP_GL_BAD_ARGUMENT;
  if (!gl->has_timers) return FEWTAP_GL_NO_FUNCTION;
  int disjoint = 0;
  gl->gl.GetQueryObjectui64v(timer, GL_QUERY_RESULT, nanoseconds);
  // Desktop OpenGL's queries know no such thing.
  if (gl->api == FEWTAP_GL_EMBEDDED) gl->gl.GetIntegerv(GL_GPU_DISJOINT, &disjoint);
  *is_valid = !disjoint;
  return fewtap_gl_check(gl);
}

fewtap_gl_status fewtap_gl_delete_timer(const fewtap_gl *gl, uint32_t timer) {
  if (!fewtap_gl_is_open(gl)) return FEWTAP_GL_BAD_ARGUMENT;
  if (!gl->has_timers) return FEWTAP_GL_NO_FUNCTION;
  gl->gl.DeleteQueries(1, &timer);
  return fewtap_gl_check(gl);
}
