// Runs shader text through EGL and OpenGL, both loaded when a device is opened: nothing of theirs is needed to build or link.
//
// A device works on one thread at a time: the one that called fewtap_gl_bind last, until it calls fewtap_gl_release. Between these two
// fall all functions that take textures, programs or timers. Texels are four floats each, row after row, the first row first.
#ifndef CFEWTAP_GL_H
#define CFEWTAP_GL_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
  FEWTAP_GL_OK = 0,
  FEWTAP_GL_BAD_ARGUMENT = 1,
  FEWTAP_GL_NO_LIBRARY = 2,     // the system has no EGL
  FEWTAP_GL_NO_DEVICE = 3,      // EGL has no device with the version asked for
  FEWTAP_GL_NO_FUNCTION = 4,    // the driver lacks a function
  FEWTAP_GL_REFUSED_TEXT = 5,   // the driver's compiler refused a text
  FEWTAP_GL_OUT_OF_MEMORY = 6,
  FEWTAP_GL_FAILED = 7,         // the driver reports another error
} fewtap_gl_status;

typedef enum {
  FEWTAP_GL_EMBEDDED = 0,  // OpenGL ES 3.1, else 3.0
  FEWTAP_GL_DESKTOP = 1,   // OpenGL 4.5
} fewtap_gl_api;

// A device. The caller gives it fewtap_gl_size() bytes, aligned as for malloc.
typedef struct fewtap_gl fewtap_gl;

// What went wrong, for a person; empty where the status says it all.
typedef struct {
  char text[1024];
} fewtap_gl_message;

typedef struct {
  char renderer[256];
  char version[256];
  int has_compute;      // compute shaders
  int has_timers;       // timer queries
  int renders_floats;   // draws to textures of floats and half floats
  int filters_floats;   // reads between texels of floats
  int texture_side;     // most columns, and rows, of a texture that can be drawn to
  int texture_layers;   // most layers of an array
  int texture_units;    // most textures that a pass reads
} fewtap_gl_description;

typedef struct {
  int width;
  int height;
  int layers;  // 0: no array
  int half;    // not 0: half floats
} fewtap_gl_shape;

typedef enum {
  FEWTAP_GL_NEAREST = 0,
  FEWTAP_GL_LINEAR_CLAMP = 1,
  FEWTAP_GL_LINEAR_WRAP = 2,
} fewtap_gl_sampling;

typedef struct {
  uint32_t texture;
  int is_array;
  fewtap_gl_sampling sampling;
} fewtap_gl_input;

// A draw or dispatch. Input i is bound to texture unit i + 1.
typedef struct {
  uint32_t program;
  const fewtap_gl_input *inputs;
  int input_count;
  uint32_t output;
  fewtap_gl_shape output_shape;
  int output_layer;  // 0 where the output is no array
  int group_side;    // threads of a group along each axis; 0: draw
} fewtap_gl_pass;

size_t fewtap_gl_size(void);

// Opens the first device that works: hardware before software. `library` is the file name of EGL; NULL: the system's.
// Leaves the device bound to no thread. On failure there is nothing to close.
fewtap_gl_status fewtap_gl_open(fewtap_gl *gl, const char *library, fewtap_gl_api api, fewtap_gl_message *message);
fewtap_gl_status fewtap_gl_close(fewtap_gl *gl);
fewtap_gl_status fewtap_gl_bind(const fewtap_gl *gl);
fewtap_gl_status fewtap_gl_release(const fewtap_gl *gl);
fewtap_gl_status fewtap_gl_describe(const fewtap_gl *gl, fewtap_gl_description *description);
// Waits until all is done.
fewtap_gl_status fewtap_gl_finish(const fewtap_gl *gl);

fewtap_gl_status fewtap_gl_make_texture(const fewtap_gl *gl, const fewtap_gl_shape *shape, uint32_t *texture);
// Of no array: width x height texels.
fewtap_gl_status fewtap_gl_write_texture(const fewtap_gl *gl, uint32_t texture, const fewtap_gl_shape *shape, const float *texels);
fewtap_gl_status fewtap_gl_read_texture(const fewtap_gl *gl, uint32_t texture, const fewtap_gl_shape *shape, float *texels);
fewtap_gl_status fewtap_gl_delete_texture(const fewtap_gl *gl, uint32_t texture);

// A program of a vertex and a fragment shader, or of a compute shader where `vertex` is NULL; the message has the compiler's words.
fewtap_gl_status fewtap_gl_make_program(const fewtap_gl *gl, const char *vertex, const char *text, uint32_t *program,
                                        fewtap_gl_message *message);
// Makes the program read a texture unit by a name; a name that it does not use is no error.
fewtap_gl_status fewtap_gl_name_input(const fewtap_gl *gl, uint32_t program, const char *name, int unit);
fewtap_gl_status fewtap_gl_delete_program(const fewtap_gl *gl, uint32_t program);

fewtap_gl_status fewtap_gl_run(const fewtap_gl *gl, const fewtap_gl_pass *pass);

// Timers, where the device has them. What lies between begin and end is timed; no other timer may be running.
fewtap_gl_status fewtap_gl_make_timer(const fewtap_gl *gl, uint32_t *timer);
fewtap_gl_status fewtap_gl_begin_timer(const fewtap_gl *gl, uint32_t timer);
fewtap_gl_status fewtap_gl_end_timer(const fewtap_gl *gl);
// Waits for it. `is_valid` becomes 0 where something disturbed the device's clock.
fewtap_gl_status fewtap_gl_read_timer(const fewtap_gl *gl, uint32_t timer, uint64_t *nanoseconds, int *is_valid);
fewtap_gl_status fewtap_gl_delete_timer(const fewtap_gl *gl, uint32_t timer);

#endif
