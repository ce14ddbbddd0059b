// Finds a device and opens it.
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "functions.h"

enum {
  EGL_SURFACE_TYPE = 0x3033,
  EGL_NONE = 0x3038,
  EGL_RENDERABLE_TYPE = 0x3040,
  EGL_EXTENSIONS = 0x3055,
  EGL_CONTEXT_MAJOR_VERSION = 0x3098,
  EGL_OPENGL_ES_API = 0x30A0,
  EGL_OPENGL_API = 0x30A2,
  EGL_CONTEXT_MINOR_VERSION = 0x30FB,
  EGL_CONTEXT_OPENGL_PROFILE_MASK = 0x30FD,
  EGL_CORE_PROFILE = 1,
  EGL_OPENGL_BIT = 8,
  EGL_OPENGL_ES3_BIT = 0x40,
  EGL_PLATFORM_DEVICE = 0x313F,
  EGL_PLATFORM_SURFACELESS = 0x31DD,
};
enum {
  GL_EXTENSIONS = 0x1F03,
  GL_NUM_EXTENSIONS = 0x821D,
  GL_TEXTURE_MAG_FILTER = 0x2800,
  GL_TEXTURE_MIN_FILTER = 0x2801,
  GL_TEXTURE_WRAP_S = 0x2802,
  GL_TEXTURE_WRAP_T = 0x2803,
  GL_NEAREST = 0x2600,
  GL_LINEAR = 0x2601,
  GL_REPEAT = 0x2901,
  GL_CLAMP_TO_EDGE = 0x812F,
};
enum { most_devices = 32 };

typedef struct {
  void *library;
  fewtap_gl_any (*get)(const char *name);
  // Extensions, so they may be missing.
  void *(*get_platform_display)(unsigned platform, void *native, const int *attributes);
  void *(*get_display)(void *native);
  unsigned (*query_devices)(int size, void **devices, int *count);
  const char *(*query_device)(void *device, int name);
} loader;

size_t fewtap_gl_size(void) { return sizeof(fewtap_gl); }

static void say(fewtap_gl_message *message, const char *format, const char *word) {
  if (message) snprintf(message->text, sizeof message->text, format, word);
}

// POSIX has symbols as void *, C functions as something else: bytes are the same.
static fewtap_gl_any symbol(void *library, const char *name) {
  fewtap_gl_any function = NULL;
  void *found = dlsym(library, name);
  memcpy(&function, &found, sizeof function);
  return function;
}

static fewtap_gl_any load(const loader *loader, const char *name) {
  fewtap_gl_any function = symbol(loader->library, name);
  return function ? function : loader->get(name);
}

// A word of a list that spaces separate.
static int has_word(const char *list, const char *word) {
  size_t length = strlen(word);
  for (const char *at = list; at && (at = strstr(at, word)); at += length)
    if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length])) return 1;
  return 0;
}

#define LOAD(result, name, parameters)                                \
  if (!(gl->egl.name = (result(*) parameters)load(loader, "egl" #name))) { \
    say(message, "%s", "egl" #name);                                  \
    return FEWTAP_GL_NO_FUNCTION;                                     \
  }
static fewtap_gl_status load_egl(fewtap_gl *gl, const loader *loader, fewtap_gl_message *message) {
  FEWTAP_EGL_FUNCTIONS(LOAD)
  return FEWTAP_GL_OK;
}
#undef LOAD

#define LOAD(result, name, parameters)                                     \
  if (!(gl->gl.name = (result(*) parameters)loader->get("gl" #name))) {    \
    say(message, "%s", "gl" #name);                                        \
    return FEWTAP_GL_NO_FUNCTION;                                          \
  }
static fewtap_gl_status load_gl(fewtap_gl *gl, const loader *loader, fewtap_gl_message *message) {
  FEWTAP_GL_FUNCTIONS(LOAD)
  if (gl->has_compute) {
    FEWTAP_GL_COMPUTE_FUNCTIONS(LOAD)
  }
  return FEWTAP_GL_OK;
}
#undef LOAD

#define LOAD(result, name, parameters) \
  gl->gl.name = (result(*) parameters)loader->get(gl->api == FEWTAP_GL_DESKTOP ? "gl" #name : "gl" #name "EXT");
static void load_timers(fewtap_gl *gl, const loader *loader) {
  if (gl->api == FEWTAP_GL_EMBEDDED && !fewtap_gl_has_extension(gl, "GL_EXT_disjoint_timer_query")) return;
  FEWTAP_GL_TIMER_FUNCTIONS(LOAD)
  gl->has_timers = gl->gl.GenQueries && gl->gl.DeleteQueries && gl->gl.BeginQuery && gl->gl.EndQuery && gl->gl.GetQueryObjectui64v;
}
#undef LOAD

int fewtap_gl_has_extension(const fewtap_gl *gl, const char *name) {
  int count = 0;
  gl->gl.GetIntegerv(GL_NUM_EXTENSIONS, &count);
  for (int i = 0; i < count; i++) {
    const char *extension = (const char *)gl->gl.GetStringi(GL_EXTENSIONS, (unsigned)i);
    if (extension && !strcmp(extension, name)) return 1;
  }
  return 0;
}

// A context that needs no window, made current; 0 if the display has none.
static int make_context(fewtap_gl *gl, void *display) {
  if (!display || !gl->egl.Initialize(display, NULL, NULL)) return 0;
  int is_desktop = gl->api == FEWTAP_GL_DESKTOP;
  if (!gl->egl.BindAPI(is_desktop ? EGL_OPENGL_API : EGL_OPENGL_ES_API)) return 0;
  const char *extensions = gl->egl.QueryString(display, EGL_EXTENSIONS);
  void *config = NULL;
  if (!has_word(extensions, "EGL_KHR_no_config_context") && !has_word(extensions, "EGL_MESA_configless_context")) {
    const int wanted[] = {EGL_SURFACE_TYPE, 0, EGL_RENDERABLE_TYPE, is_desktop ? EGL_OPENGL_BIT : EGL_OPENGL_ES3_BIT, EGL_NONE};
    int count = 0;
    if (!gl->egl.ChooseConfig(display, wanted, &config, 1, &count) || count < 1) return 0;
  }
  const int desktop[] = {EGL_CONTEXT_MAJOR_VERSION, 4, EGL_CONTEXT_MINOR_VERSION, 5,
                         EGL_CONTEXT_OPENGL_PROFILE_MASK, EGL_CORE_PROFILE, EGL_NONE};
  for (int minor = 1; minor >= 0; minor--) {
    const int embedded[] = {EGL_CONTEXT_MAJOR_VERSION, 3, EGL_CONTEXT_MINOR_VERSION, minor, EGL_NONE};
    void *context = gl->egl.CreateContext(display, config, NULL, is_desktop ? desktop : embedded);
    if (context && gl->egl.MakeCurrent(display, NULL, NULL, context)) {
      gl->display = display;
      gl->context = context;
      gl->has_compute = is_desktop || minor == 1;
      return 1;
    }
    if (context) gl->egl.DestroyContext(display, context);
    if (is_desktop) return 0;
  }
  return 0;
}

// Hardware first; then whatever renders without a window; then software by name; then what a desktop would take.
static int find_context(fewtap_gl *gl, const loader *loader) {
  void *devices[most_devices];
  int count = 0;
  if (!loader->query_devices || !loader->get_platform_display || !loader->query_devices(most_devices, devices, &count)) count = 0;
  for (int software = 0; software <= 1; software++) {
    for (int i = 0; i < count; i++) {
      const char *extensions = loader->query_device ? loader->query_device(devices[i], EGL_EXTENSIONS) : NULL;
      if (has_word(extensions, "EGL_MESA_device_software") != software) continue;
      if (make_context(gl, loader->get_platform_display(EGL_PLATFORM_DEVICE, devices[i], NULL))) return 1;
    }
    if (!software && loader->get_platform_display &&
        make_context(gl, loader->get_platform_display(EGL_PLATFORM_SURFACELESS, NULL, NULL)))
      return 1;
  }
  return loader->get_display && make_context(gl, loader->get_display(NULL));
}

static fewtap_gl_status make_objects(fewtap_gl *gl) {
  gl->gl.GenSamplers(FEWTAP_GL_SAMPLINGS, gl->samplers);
  for (int i = 0; i < FEWTAP_GL_SAMPLINGS; i++) {
    int filter = i == FEWTAP_GL_NEAREST ? GL_NEAREST : GL_LINEAR;
    int wrap = i == FEWTAP_GL_LINEAR_WRAP ? GL_REPEAT : GL_CLAMP_TO_EDGE;
    gl->gl.SamplerParameteri(gl->samplers[i], GL_TEXTURE_MAG_FILTER, filter);
    gl->gl.SamplerParameteri(gl->samplers[i], GL_TEXTURE_MIN_FILTER, filter);
    gl->gl.SamplerParameteri(gl->samplers[i], GL_TEXTURE_WRAP_S, wrap);
    gl->gl.SamplerParameteri(gl->samplers[i], GL_TEXTURE_WRAP_T, wrap);
  }
  gl->gl.GenFramebuffers(1, &gl->framebuffer);
  gl->gl.GenVertexArrays(1, &gl->vertices);
  return fewtap_gl_check(gl);
}

fewtap_gl_status fewtap_gl_open(fewtap_gl *gl, const char *library, fewtap_gl_api api, fewtap_gl_message *message) {
  if (message) message->text[0] = 0;
  if (!gl || (api != FEWTAP_GL_EMBEDDED && api != FEWTAP_GL_DESKTOP)) return FEWTAP_GL_BAD_ARGUMENT;
  memset(gl, 0, sizeof *gl);
  gl->api = api;
  loader loader = {0};
  // Never closed again: drivers leave threads and exit handlers behind that still run their code.
  loader.library = dlopen(library ? library : "libEGL.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!loader.library) {
    const char *reason = dlerror();
    say(message, "%s", reason ? reason : "");
    return FEWTAP_GL_NO_LIBRARY;
  }
  loader.get = (fewtap_gl_any(*)(const char *))symbol(loader.library, "eglGetProcAddress");
  if (!loader.get) {
    say(message, "%s", "eglGetProcAddress");
    return FEWTAP_GL_NO_FUNCTION;
  }
  loader.get_platform_display = (void *(*)(unsigned, void *, const int *))load(&loader, "eglGetPlatformDisplayEXT");
  loader.get_display = (void *(*)(void *))load(&loader, "eglGetDisplay");
  loader.query_devices = (unsigned (*)(int, void **, int *))load(&loader, "eglQueryDevicesEXT");
  loader.query_device = (const char *(*)(void *, int))load(&loader, "eglQueryDeviceStringEXT");
  fewtap_gl_status status = load_egl(gl, &loader, message);
  if (status != FEWTAP_GL_OK) return status;
  if (!find_context(gl, &loader)) return FEWTAP_GL_NO_DEVICE;
  status = load_gl(gl, &loader, message);
  if (status == FEWTAP_GL_OK) {
    load_timers(gl, &loader);
    status = make_objects(gl);
  }
  fewtap_gl_release(gl);
  if (status != FEWTAP_GL_OK) {
    // What the context holds goes with it.
    gl->egl.DestroyContext(gl->display, gl->context);
    gl->context = NULL;
  }
  return status;
}

fewtap_gl_status fewtap_gl_close(fewtap_gl *gl) {
  if (!fewtap_gl_is_open(gl)) return FEWTAP_GL_BAD_ARGUMENT;
  // The display is the process', not ours: other devices may use it, so it is not terminated.
  unsigned done = gl->egl.DestroyContext(gl->display, gl->context);
  gl->context = NULL;
  return done ? FEWTAP_GL_OK : FEWTAP_GL_FAILED;
}

fewtap_gl_status fewtap_gl_bind(const fewtap_gl *gl) {
  if (!fewtap_gl_is_open(gl)) return FEWTAP_GL_BAD_ARGUMENT;
  // The API that a thread has bound decides which context it takes leave of.
  unsigned api = gl->api == FEWTAP_GL_DESKTOP ? EGL_OPENGL_API : EGL_OPENGL_ES_API;
  if (!gl->egl.BindAPI(api) || !gl->egl.MakeCurrent(gl->display, NULL, NULL, gl->context)) return FEWTAP_GL_FAILED;
  return FEWTAP_GL_OK;
}

fewtap_gl_status fewtap_gl_release(const fewtap_gl *gl) {
  if (!fewtap_gl_is_open(gl)) return FEWTAP_GL_BAD_ARGUMENT;
  return gl->egl.MakeCurrent(gl->display, NULL, NULL, NULL) ? FEWTAP_GL_OK : FEWTAP_GL_FAILED;
}
