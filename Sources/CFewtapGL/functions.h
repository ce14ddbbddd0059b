// What is loaded of EGL and OpenGL, declared here so that none of their headers is needed. Values and prototypes are those of the
// Khronos registry.
#ifndef FEWTAP_GL_FUNCTIONS_H
#define FEWTAP_GL_FUNCTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "CFewtapGL.h"

typedef void (*fewtap_gl_any)(void);

// Result, name after `egl`, parameters.
#define FEWTAP_EGL_FUNCTIONS(X) \
  X(unsigned, Initialize, (void *display, int *major, int *minor)) \
  X(const char *, QueryString, (void *display, int name)) \
  X(unsigned, BindAPI, (unsigned api)) \
  X(unsigned, ChooseConfig, (void *display, const int *attributes, void **configs, int size, int *count)) \
  X(void *, CreateContext, (void *display, void *config, void *shared, const int *attributes)) \
  X(unsigned, DestroyContext, (void *display, void *context)) \
  X(unsigned, MakeCurrent, (void *display, void *draw, void *read, void *context))

// The same after `gl`: what all versions have that are asked for.
#define FEWTAP_GL_FUNCTIONS(X) \
  X(const unsigned char *, GetString, (unsigned name)) \
  X(const unsigned char *, GetStringi, (unsigned name, unsigned index)) \
  X(void, GetIntegerv, (unsigned name, int *values)) \
  X(unsigned, GetError, (void)) \
  X(void, Finish, (void)) \
  X(void, PixelStorei, (unsigned name, int value)) \
  X(void, GenTextures, (int count, unsigned *names)) \
  X(void, DeleteTextures, (int count, const unsigned *names)) \
  X(void, BindTexture, (unsigned target, unsigned texture)) \
  X(void, ActiveTexture, (unsigned unit)) \
  X(void, TexStorage2D, (unsigned target, int levels, unsigned format, int width, int height)) \
  X(void, TexStorage3D, (unsigned target, int levels, unsigned format, int width, int height, int depth)) \
  X(void, TexSubImage2D, (unsigned target, int level, int x, int y, int width, int height, unsigned format, unsigned type, \
                          const void *pixels)) \
  X(void, GenSamplers, (int count, unsigned *names)) \
  X(void, SamplerParameteri, (unsigned sampler, unsigned name, int value)) \
  X(void, BindSampler, (unsigned unit, unsigned sampler)) \
  X(void, GenFramebuffers, (int count, unsigned *names)) \
  X(void, BindFramebuffer, (unsigned target, unsigned framebuffer)) \
  X(void, FramebufferTexture2D, (unsigned target, unsigned point, unsigned textures, unsigned texture, int level)) \
  X(void, FramebufferTextureLayer, (unsigned target, unsigned point, unsigned texture, int level, int layer)) \
  X(unsigned, CheckFramebufferStatus, (unsigned target)) \
  X(void, ReadPixels, (int x, int y, int width, int height, unsigned format, unsigned type, void *pixels)) \
  X(void, Viewport, (int x, int y, int width, int height)) \
  X(void, GenVertexArrays, (int count, unsigned *names)) \
  X(void, BindVertexArray, (unsigned array)) \
  X(void, DrawArrays, (unsigned mode, int first, int count)) \
  X(unsigned, CreateShader, (unsigned type)) \
  X(void, ShaderSource, (unsigned shader, int count, const char *const *texts, const int *lengths)) \
  X(void, CompileShader, (unsigned shader)) \
  X(void, GetShaderiv, (unsigned shader, unsigned name, int *value)) \
  X(void, GetShaderInfoLog, (unsigned shader, int size, int *length, char *text)) \
  X(void, DeleteShader, (unsigned shader)) \
  X(unsigned, CreateProgram, (void)) \
  X(void, AttachShader, (unsigned program, unsigned shader)) \
  X(void, LinkProgram, (unsigned program)) \
  X(void, GetProgramiv, (unsigned program, unsigned name, int *value)) \
  X(void, GetProgramInfoLog, (unsigned program, int size, int *length, char *text)) \
  X(void, DeleteProgram, (unsigned program)) \
  X(void, UseProgram, (unsigned program)) \
  X(int, GetUniformLocation, (unsigned program, const char *name)) \
  X(void, Uniform1i, (int location, int value))

// What OpenGL ES 3.0 lacks.
#define FEWTAP_GL_COMPUTE_FUNCTIONS(X) \
  X(void, DispatchCompute, (unsigned x, unsigned y, unsigned z)) \
  X(void, BindImageTexture, (unsigned unit, unsigned texture, int level, unsigned char layered, int layer, unsigned access, \
                             unsigned format)) \
  X(void, MemoryBarrier, (unsigned barriers))

// In OpenGL ES of GL_EXT_disjoint_timer_query, and then with EXT behind the name.
#define FEWTAP_GL_TIMER_FUNCTIONS(X) \
  X(void, GenQueries, (int count, unsigned *names)) \
  X(void, DeleteQueries, (int count, const unsigned *names)) \
  X(void, BeginQuery, (unsigned target, unsigned query)) \
  X(void, EndQuery, (unsigned target)) \
  X(void, GetQueryObjectui64v, (unsigned query, unsigned name, uint64_t *value))

#define FEWTAP_GL_MEMBER(result, name, parameters) result(*name) parameters;

enum { FEWTAP_GL_SAMPLINGS = 3 };

struct fewtap_gl {
  void *display;
  void *context;
  fewtap_gl_api api;
  struct {
    FEWTAP_EGL_FUNCTIONS(FEWTAP_GL_MEMBER)
  } egl;
  struct {
    FEWTAP_GL_FUNCTIONS(FEWTAP_GL_MEMBER)
    FEWTAP_GL_COMPUTE_FUNCTIONS(FEWTAP_GL_MEMBER)
    FEWTAP_GL_TIMER_FUNCTIONS(FEWTAP_GL_MEMBER)
  } gl;
  int has_compute;
  int has_timers;
  // Made once a device, used by all passes.
  unsigned samplers[FEWTAP_GL_SAMPLINGS];
  unsigned framebuffer;
  unsigned vertices;
};

// 0 if the device was never opened or is closed.
static inline int fewtap_gl_is_open(const fewtap_gl *gl) { return gl && gl->context; }

// The first error since the last call as a status; forgets all.
fewtap_gl_status fewtap_gl_check(const fewtap_gl *gl);

// Whether the bound context has an extension.
int fewtap_gl_has_extension(const fewtap_gl *gl, const char *name);

#endif
