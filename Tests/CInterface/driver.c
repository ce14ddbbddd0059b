// Calls every function of fewtap.h from C, with good input and with bad input of each kind, and 10,000 times over.
// Scripts/check-c-interface builds it with the address and undefined-behavior sanitizers, which end the program at the first read or
// write outside a buffer, and at its end if anything was not freed. Whether results are right to the last digit is the business of
// the Swift tests; here they are held to what C can tell by itself.
#include <fewtap.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef HAS_ADDRESS_SANITIZER
#include <sanitizer/allocator_interface.h>
#endif

#define REQUIRE(condition)                                                               \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);            \
      exit(1);                                                                           \
    }                                                                                    \
  } while (0)

// The call must succeed.
#define GOOD(call)                                                                       \
  do {                                                                                   \
    fewtap_error error = {FEWTAP_OK, ""};                                                \
    fewtap_error *e = &error;                                                            \
    if ((call) != FEWTAP_OK) {                                                           \
      fprintf(stderr, "%s:%d: %s: %d %s\n", __FILE__, __LINE__, #call, error.status, error.message); \
      exit(1);                                                                           \
    }                                                                                    \
  } while (0)

// The call must answer `expected`, with the same status in the error and a sentence that holds `words`; and again without an error
// to tell it to.
#define BAD(expected, words, call)                                                       \
  do {                                                                                   \
    fewtap_error error = {FEWTAP_OK, ""};                                                \
    fewtap_error *e = &error;                                                            \
    fewtap_status status = (call);                                                       \
    if (status != (expected) || error.status != (expected) || strstr(error.message, words) == NULL) { \
      fprintf(stderr, "%s:%d: %s: expected %d \"%s\", found %d %d \"%s\"\n", __FILE__, __LINE__, #call, expected, words, status, \
              error.status, error.message);                                              \
      exit(1);                                                                           \
    }                                                                                    \
    e = NULL;                                                                            \
    REQUIRE((call) == (expected));                                                       \
  } while (0)

// MARK: Images

// An image whose buffer ends with its last sample, so that the sanitizer guards both ends.
static fewtap_image new_image(int64_t width, int64_t height, int64_t channels, fewtap_type type) {
  static const int64_t sizes[] = {0, 1, 2, 2, 4, 8};
  int64_t size = sizes[type];
  fewtap_image image = {0};
  image.data = calloc((size_t)(width * height * channels), (size_t)size);
  REQUIRE(image.data != NULL);
  image.width = width;
  image.height = height;
  image.channels = channels;
  image.pixel_stride = channels * size;
  image.row_stride = width * channels * size;
  image.channel_stride = size;
  image.type = type;
  return image;
}

static double get(const fewtap_image *image, int64_t x, int64_t y, int64_t channel) {
  const char *place =
      (const char *)image->data + y * image->row_stride + x * image->pixel_stride + channel * image->channel_stride;
  return image->type == FEWTAP_FLOAT64 ? *(const double *)place : *(const float *)place;
}

static void set(const fewtap_image *image, int64_t x, int64_t y, int64_t channel, double value) {
  char *place = (char *)image->data + y * image->row_stride + x * image->pixel_stride + channel * image->channel_stride;
  if (image->type == FEWTAP_FLOAT64) {
    *(double *)place = value;
  } else {
    *(float *)place = (float)value;
  }
}

// Numbers in 0...1 that look random, the same on every run.
static void fill(const fewtap_image *image, uint32_t seed) {
  for (int64_t y = 0; y < image->height; y++)
    for (int64_t x = 0; x < image->width; x++)
      for (int64_t c = 0; c < image->channels; c++) {
        seed = seed * 1664525u + 1013904223u;
        set(image, x, y, c, (double)(seed >> 8) / (1 << 24));
      }
}

static double dot(const fewtap_image *a, const fewtap_image *b) {
  double sum = 0;
  for (int64_t y = 0; y < a->height; y++)
    for (int64_t x = 0; x < a->width; x++)
      for (int64_t c = 0; c < a->channels; c++) sum += get(a, x, y, c) * get(b, x, y, c);
  return sum;
}

// MARK: Kernels and filters

static fewtap_kernel *parse(const char *text) {
  fewtap_kernel *kernel = NULL;
  GOOD(fewtap_kernel_parse(text, &kernel, e));
  return kernel;
}

static void kernels(void) {
  double values[] = {0, 1, 0, 1, 4, 1};
  int64_t center[] = {1, 1};
  fewtap_kernel *kernel = NULL;
  GOOD(fewtap_kernel_create(values, 3, 2, center, "half a cross", &kernel, e));
  fewtap_kernel_info info = {.size = sizeof info};
  GOOD(fewtap_kernel_get_info(kernel, &info, e));
  REQUIRE(info.size == sizeof info && info.width == 3 && info.height == 2 && info.center_x == 1 && info.center_y == 1);
  REQUIRE(info.sum == 7 && info.absolute_sum == 7 && info.radius == 1 && info.support_count == 4);
  REQUIRE(strlen(info.sha256) == 64);
  double copy[6];
  GOOD(fewtap_kernel_get_values(kernel, copy, 6, e));
  REQUIRE(memcmp(copy, values, sizeof values) == 0);
  char *name = NULL;
  GOOD(fewtap_kernel_get_name(kernel, &name, e));
  REQUIRE(strcmp(name, "half a cross") == 0);
  fewtap_free(name);

  // A program that was built for a shorter struct.
  struct {
    uint32_t size;
    int64_t width, height, guard;
  } old = {24, 0, 0, -7};
  GOOD(fewtap_kernel_get_info(kernel, (fewtap_kernel_info *)(void *)&old, e));
  REQUIRE(old.width == 3 && old.height == 2 && old.guard == -7);

  fewtap_kernel *none = kernel;
  double bad[] = {1, NAN, 1};
  BAD(FEWTAP_NON_FINITE, "column 1, row 0", fewtap_kernel_create(bad, 3, 1, NULL, NULL, &none, e));
  REQUIRE(none == NULL);
  BAD(FEWTAP_BAD_SHAPE, "even size", fewtap_kernel_create(values, 2, 3, NULL, NULL, &none, e));
  BAD(FEWTAP_BAD_SHAPE, "width is 0", fewtap_kernel_create(values, 0, 3, NULL, NULL, &none, e));
  BAD(FEWTAP_BAD_SHAPE, "height is -1", fewtap_kernel_create(values, 3, -1, NULL, NULL, &none, e));
  BAD(FEWTAP_BAD_SHAPE, "width is 9223372036854775807", fewtap_kernel_create(values, INT64_MAX, 3, NULL, NULL, &none, e));
  center[1] = 2;
  BAD(FEWTAP_BAD_SHAPE, "center[1] is 2", fewtap_kernel_create(values, 3, 2, center, NULL, &none, e));
  BAD(FEWTAP_BAD_ARGUMENT, "values is NULL", fewtap_kernel_create(NULL, 3, 3, NULL, NULL, &none, e));
  BAD(FEWTAP_BAD_ARGUMENT, "kernel is NULL", fewtap_kernel_create(values, 3, 1, NULL, NULL, NULL, e));
  BAD(FEWTAP_BAD_FORMAT, "UTF-8", fewtap_kernel_create(values, 3, 1, NULL, "\xff", &none, e));
  BAD(FEWTAP_BAD_FORMAT, "did you mean \"disk\"", fewtap_kernel_parse("dosk", &none, e));
  BAD(FEWTAP_BAD_ARGUMENT, "radius", fewtap_kernel_parse("disk:radius=-3", &none, e));
  BAD(FEWTAP_BAD_ARGUMENT, "specification is NULL", fewtap_kernel_parse(NULL, &none, e));
  BAD(FEWTAP_BAD_SHAPE, "count is 5", fewtap_kernel_get_values(kernel, copy, 5, e));
  BAD(FEWTAP_BAD_ARGUMENT, "values is NULL", fewtap_kernel_get_values(kernel, NULL, 6, e));
  BAD(FEWTAP_BAD_ARGUMENT, "info is NULL", fewtap_kernel_get_info(kernel, NULL, e));
  info.size = 0;
  BAD(FEWTAP_BAD_ARGUMENT, "size is 0", fewtap_kernel_get_info(kernel, &info, e));
  BAD(FEWTAP_BAD_ARGUMENT, "name is NULL", fewtap_kernel_get_name(kernel, NULL, e));
  fewtap_kernel_free(kernel);
  fewtap_kernel_free(kernel);
  fewtap_kernel_free(NULL);
  info.size = sizeof info;
  BAD(FEWTAP_BAD_HANDLE, "freed", fewtap_kernel_get_info(kernel, &info, e));
  // An address of something else is no handle either.
  BAD(FEWTAP_BAD_HANDLE, "never made", fewtap_kernel_get_info((fewtap_kernel *)(void *)values, &info, e));
}

// Two layers of bilinear taps.
static fewtap_filter *small_filter(void) {
  int64_t counts[] = {2, 3};
  double x[] = {-1.5, 1.25, 0, -2, 2.5}, y[] = {0.5, -0.5, 1, -1, 0}, weight[] = {0.5, 0.5, 0.25, 0.25, 0.5};
  fewtap_filter_parts parts = {.size = sizeof parts,
                               .tap_model = FEWTAP_TAPS_BILINEAR,
                               .layer_count = 2,
                               .tap_counts = counts,
                               .x = x,
                               .y = y,
                               .weight = weight,
                               .gain = 2};
  fewtap_filter *filter = NULL;
  GOOD(fewtap_filter_create(&parts, &filter, e));
  return filter;
}

static void filters(void) {
  fewtap_filter *filter = small_filter();
  fewtap_filter_info info = {.size = sizeof info};
  GOOD(fewtap_filter_get_info(filter, &info, e));
  REQUIRE(info.layer_count == 2 && info.tap_count == 5 && info.tap_model == FEWTAP_TAPS_BILINEAR && info.rate_factor == 1);
  REQUIRE(info.gain == 2 && info.sum == 2 && info.noise_gain == 1 && info.has_fit == 0 && info.seed == 0);
  REQUIRE(info.min_x <= -4 && info.max_x >= 4 && info.min_y <= -2 && info.max_y >= 2);
  int64_t counts[2];
  double x[5], y[5], weight[5];
  GOOD(fewtap_filter_get_taps(filter, counts, 2, x, y, weight, 5, e));
  REQUIRE(counts[0] == 2 && counts[1] == 3 && x[1] == 1.25 && y[3] == -1 && weight[4] == 0.5);
  GOOD(fewtap_filter_get_taps(filter, NULL, 2, NULL, NULL, NULL, 5, e));
  BAD(FEWTAP_BAD_SHAPE, "tap_count is 4", fewtap_filter_get_taps(filter, counts, 2, x, y, weight, 4, e));
  BAD(FEWTAP_BAD_SHAPE, "layer_count is 3", fewtap_filter_get_taps(filter, counts, 3, x, y, weight, 5, e));

  char *json = NULL;
  int64_t length = 0;
  GOOD(fewtap_filter_to_json(filter, &json, &length, e));
  REQUIRE((int64_t)strlen(json) == length);
  fewtap_filter *again = NULL;
  GOOD(fewtap_filter_from_json(json, length, &again, e));
  double other[5];
  GOOD(fewtap_filter_get_taps(again, NULL, 2, other, NULL, NULL, 5, e));
  REQUIRE(memcmp(other, x, sizeof x) == 0);
  fewtap_filter_free(again);
  BAD(FEWTAP_BAD_FORMAT, "", fewtap_filter_from_json(json, length - 4, &again, e));
  BAD(FEWTAP_BAD_FORMAT, "", fewtap_filter_from_json(json, 0, &again, e));
  BAD(FEWTAP_BAD_ARGUMENT, "length is -1", fewtap_filter_from_json(json, -1, &again, e));
  BAD(FEWTAP_BAD_ARGUMENT, "json is NULL", fewtap_filter_from_json(NULL, 3, &again, e));
  fewtap_free(json);
  GOOD(fewtap_filter_to_json(filter, &json, NULL, e));
  fewtap_free(json);
  BAD(FEWTAP_BAD_ARGUMENT, "json is NULL", fewtap_filter_to_json(filter, NULL, NULL, e));

  char path[] = "/tmp/fewtap-XXXXXX";
  int descriptor = mkstemp(path);
  REQUIRE(descriptor >= 0);
  GOOD(fewtap_filter_save(filter, path, e));
  GOOD(fewtap_filter_load(path, &again, e));
  fewtap_filter_free(again);
  fewtap_basis *basis = NULL;
  BAD(FEWTAP_BAD_FORMAT, path, fewtap_basis_load(path, &basis, e));
  remove(path);
  BAD(FEWTAP_FILE_ERROR, path, fewtap_filter_load(path, &again, e));
  BAD(FEWTAP_FILE_ERROR, "cannot be read", fewtap_filter_load("/", &again, e));
  BAD(FEWTAP_FILE_ERROR, "/no such folder/", fewtap_filter_save(filter, "/no such folder/f.json", e));
  BAD(FEWTAP_BAD_ARGUMENT, "path is NULL", fewtap_filter_load(NULL, &again, e));
  BAD(FEWTAP_BAD_ARGUMENT, "path is NULL", fewtap_filter_save(filter, NULL, e));

  // Its own kernel is what it stands for.
  fewtap_kernel *kernel = NULL;
  GOOD(fewtap_filter_get_kernel(filter, &kernel, e));
  fewtap_accuracy accuracy = {.size = sizeof accuracy};
  GOOD(fewtap_filter_get_accuracy(filter, kernel, &accuracy, e));
  REQUIRE(accuracy.relative_error < 1e-12 && accuracy.photo_psnr > 200 && accuracy.flicker == 0);
  BAD(FEWTAP_BAD_ARGUMENT, "accuracy is NULL", fewtap_filter_get_accuracy(filter, kernel, NULL, e));
  BAD(FEWTAP_BAD_ARGUMENT, "kernel is NULL", fewtap_filter_get_accuracy(filter, NULL, &accuracy, e));
  BAD(FEWTAP_BAD_HANDLE, "one of a filter",
      fewtap_filter_get_accuracy(filter, (fewtap_kernel *)(void *)filter, &accuracy, e));
  fewtap_kernel_free(kernel);

  // Bad parts.
  int64_t one = 1;
  double place = 0, unit = 1;
  fewtap_filter_parts parts = {
      .size = sizeof parts, .layer_count = 1, .tap_counts = &one, .x = &place, .y = &place, .weight = &unit, .gain = 1};
  fewtap_filter_parts wrong = parts;
  wrong.layer_count = 0;
  BAD(FEWTAP_BAD_SHAPE, "layer_count is 0", fewtap_filter_create(&wrong, &again, e));
  wrong = parts;
  wrong.tap_counts = NULL;
  BAD(FEWTAP_BAD_ARGUMENT, "tap_counts is NULL", fewtap_filter_create(&wrong, &again, e));
  wrong = parts;
  wrong.weight = NULL;
  BAD(FEWTAP_BAD_ARGUMENT, "weight is NULL", fewtap_filter_create(&wrong, &again, e));
  wrong = parts;
  wrong.gain = INFINITY;
  BAD(FEWTAP_NON_FINITE, "gain is inf", fewtap_filter_create(&wrong, &again, e));
  place = NAN;
  BAD(FEWTAP_NON_FINITE, "x[0] is nan", fewtap_filter_create(&parts, &again, e));
  place = 0.5;
  BAD(FEWTAP_BAD_ARGUMENT, "layers[0]", fewtap_filter_create(&parts, &again, e));
  place = 1e300;
  BAD(FEWTAP_BAD_ARGUMENT, "layers[0]", fewtap_filter_create(&parts, &again, e));
  place = 0;
  one = INT64_MIN;
  BAD(FEWTAP_BAD_SHAPE, "tap_counts[0]", fewtap_filter_create(&parts, &again, e));
  one = 1;
  wrong = parts;
  wrong.tap_model = (fewtap_tap_model)7;
  BAD(FEWTAP_BAD_ARGUMENT, "tap_model is 7", fewtap_filter_create(&wrong, &again, e));
  wrong = parts;
  wrong.rate_factor = 65;
  BAD(FEWTAP_BAD_ARGUMENT, "65", fewtap_filter_create(&wrong, &again, e));
  wrong.rate_factor = -2;
  BAD(FEWTAP_BAD_ARGUMENT, "-2", fewtap_filter_create(&wrong, &again, e));
  wrong.rate_factor = 2;
  wrong.prefilter_degree = 4;
  BAD(FEWTAP_BAD_ARGUMENT, "prefilter_degree is 4", fewtap_filter_create(&wrong, &again, e));
  wrong = parts;
  wrong.prefilter_degree = 2;
  BAD(FEWTAP_BAD_ARGUMENT, "rate_factor is 0", fewtap_filter_create(&wrong, &again, e));
  wrong = parts;
  wrong.size = 0;
  BAD(FEWTAP_BAD_ARGUMENT, "size is 0", fewtap_filter_create(&wrong, &again, e));
  BAD(FEWTAP_BAD_ARGUMENT, "parts is NULL", fewtap_filter_create(NULL, &again, e));
  // A program that knows a field more, and sets it.
  struct {
    fewtap_filter_parts parts;
    double more;
  } newer = {parts, 0};
  newer.parts.size = sizeof newer;
  GOOD(fewtap_filter_create(&newer.parts, &again, e));
  fewtap_filter_free(again);
  newer.more = 1;
  BAD(FEWTAP_UNSUPPORTED, "does not know", fewtap_filter_create(&newer.parts, &again, e));
  // What reaches far beyond any image has no kernel, and no memory to run in.
  int64_t pairs[8];
  double far[16], halves[16];
  for (int index = 0; index < 16; index++) {
    pairs[index / 2] = 2;
    far[index] = index % 2 ? 4000 : -4000;
    halves[index] = 0.5;
  }
  fewtap_filter_parts wide = {
      .size = sizeof wide, .layer_count = 8, .tap_counts = pairs, .x = far, .y = far, .weight = halves, .gain = 1};
  fewtap_filter *reaching = NULL;
  fewtap_plan *plan = NULL;
  GOOD(fewtap_filter_create(&wide, &reaching, e));
  BAD(FEWTAP_BAD_ARGUMENT, "64001x64001", fewtap_filter_get_kernel(reaching, &kernel, e));
  GOOD(fewtap_plan_create(reaching, 4, &plan, e));
  fewtap_image tiny = new_image(4, 4, 1, FEWTAP_FLOAT32), result = new_image(4, 4, 1, FEWTAP_FLOAT32);
  BAD(FEWTAP_OUT_OF_MEMORY, "reads so far", fewtap_apply(plan, NULL, &tiny, &result, NULL, e));
  BAD(FEWTAP_OUT_OF_MEMORY, "reads so far", fewtap_apply_adjoint(plan, NULL, &tiny, &result, NULL, e));
  free(tiny.data);
  free(result.data);
  fewtap_plan_free(plan);
  fewtap_filter_free(reaching);

  fewtap_filter_free(filter);
  BAD(FEWTAP_BAD_HANDLE, "freed", fewtap_filter_get_info(filter, &info, e));
}

// MARK: Fits

typedef struct {
  int calls;
  int most;
  pthread_t thread;
} watcher;

static int32_t watch(const fewtap_progress *progress, void *context) {
  watcher *own = context;
  REQUIRE(progress->size == sizeof *progress && progress->stage != NULL && progress->fraction <= 1);
  REQUIRE(pthread_equal(pthread_self(), own->thread));
  return ++own->calls >= own->most;
}

static void fits(void) {
  fewtap_kernel *kernel = parse("disk:radius=4");
  fewtap_filter *filter = NULL;
  fewtap_fit_options options = {.size = sizeof options, .taps = 16, .effort = "fast", .threads = 2};
  watcher own = {0, 1 << 30, pthread_self()};
  GOOD(fewtap_fit(kernel, &options, watch, &own, &filter, e));
  REQUIRE(own.calls > 0);
  fewtap_filter_info info = {.size = sizeof info};
  GOOD(fewtap_filter_get_info(filter, &info, e));
  REQUIRE(info.has_fit && info.tap_count <= 16 && info.seed == 1 && info.relative_error < 0.5 && info.photo_psnr > 25);
  REQUIRE(strcmp(info.termination, "completed") == 0 && strcmp(info.objective, "photo") == 0);

  // The same bits without a progress function, and on one thread.
  fewtap_filter *again = NULL;
  options.threads = 1;
  GOOD(fewtap_fit(kernel, &options, NULL, NULL, &again, e));
  char *json = NULL, *other = NULL;
  GOOD(fewtap_filter_to_json(filter, &json, NULL, e));
  GOOD(fewtap_filter_to_json(again, &other, NULL, e));
  REQUIRE(strcmp(json, other) == 0);
  fewtap_free(json);
  fewtap_free(other);
  fewtap_filter_free(again);
  fewtap_filter_free(filter);

  // An end on request gives the best so far.
  own = (watcher){0, 1, pthread_self()};
  BAD(FEWTAP_CANCELLED, "cancelled", (fewtap_filter_free(filter), fewtap_fit(kernel, &options, watch, &own, &filter, e)));
  GOOD(fewtap_filter_get_info(filter, &info, e));
  REQUIRE(strcmp(info.termination, "cancelled") == 0);
  fewtap_filter_free(filter);

  options.layout = "8x2";
  BAD(FEWTAP_BAD_ARGUMENT, "taps is 16", fewtap_fit(kernel, &options, NULL, NULL, &filter, e));
  options.taps = 0;
  options.layout = "nonsense";
  BAD(FEWTAP_BAD_ARGUMENT, "not a layout", fewtap_fit(kernel, &options, NULL, NULL, &filter, e));
  options.layout = NULL;
  options.taps = -3;
  BAD(FEWTAP_BAD_ARGUMENT, "-3 taps", fewtap_fit(kernel, &options, NULL, NULL, &filter, e));
  options.taps = 16;
  options.objective = "beauty";
  BAD(FEWTAP_BAD_ARGUMENT, "\"beauty\"", fewtap_fit(kernel, &options, NULL, NULL, &filter, e));
  options.objective = NULL;
  options.seconds = NAN;
  BAD(FEWTAP_BAD_ARGUMENT, "seconds", fewtap_fit(kernel, &options, NULL, NULL, &filter, e));
  options.effort = NULL;
  BAD(FEWTAP_BAD_ARGUMENT, "", fewtap_fit(kernel, &options, NULL, NULL, &filter, e));
  options.seconds = 0;
  options.threads = -1;
  BAD(FEWTAP_BAD_ARGUMENT, "threads is -1", fewtap_fit(kernel, &options, NULL, NULL, &filter, e));
  options.threads = 0;
  options.nonnegative = 2;
  BAD(FEWTAP_BAD_ARGUMENT, "nonnegative is 2", fewtap_fit(kernel, &options, NULL, NULL, &filter, e));
  options.nonnegative = 0;
  options.fraction_bits = 8;
  BAD(FEWTAP_BAD_ARGUMENT, "fraction_bits is 8", fewtap_fit(kernel, &options, NULL, NULL, &filter, e));
  options.fraction_bits = 0;
  options.rate_factor = 11;
  BAD(FEWTAP_BAD_ARGUMENT, "1/11", fewtap_fit(kernel, &options, NULL, NULL, &filter, e));
  options.rate_factor = 0;
  options.maximum_noise_gain = 0.5;
  BAD(FEWTAP_BAD_ARGUMENT, "noise gain 0.5", fewtap_fit(kernel, &options, NULL, NULL, &filter, e));
  BAD(FEWTAP_BAD_ARGUMENT, "kernel is NULL", fewtap_fit(NULL, NULL, NULL, NULL, &filter, e));
  BAD(FEWTAP_BAD_ARGUMENT, "filter is NULL", fewtap_fit(kernel, NULL, NULL, NULL, NULL, e));

  // "50 dB, as cheap as possible".
  fewtap_planner_options planner = {.size = sizeof planner, .error = 50};
  own = (watcher){0, 1 << 30, pthread_self()};
  GOOD(fewtap_fit_planned(kernel, &planner, watch, &own, &filter, e));
  GOOD(fewtap_filter_get_info(filter, &info, e));
  REQUIRE(info.photo_psnr >= 50 && strcmp(info.recipe, "planner") == 0);
  fewtap_filter_free(filter);
  GOOD(fewtap_fit_planned(kernel, NULL, NULL, NULL, &filter, e));
  fewtap_filter_free(filter);
  planner.cost = 1;
  BAD(FEWTAP_BAD_ARGUMENT, "cost is 1", fewtap_fit_planned(kernel, &planner, NULL, NULL, &filter, e));
  planner.error = 0;
  planner.cost = 1e-9;
  BAD(FEWTAP_NOT_REACHED, "no filter costs", fewtap_fit_planned(kernel, &planner, NULL, NULL, &filter, e));
  planner.cost = -1;
  BAD(FEWTAP_BAD_ARGUMENT, "-1", fewtap_fit_planned(kernel, &planner, NULL, NULL, &filter, e));
  fewtap_kernel_free(kernel);
}

// MARK: Plans

static void plans(void) {
  fewtap_filter *filter = small_filter();
  fewtap_plan *plan = NULL;
  GOOD(fewtap_plan_create(filter, 23, &plan, e));
  // What a plan needs of its filter it has.
  fewtap_filter_free(filter);
  fewtap_plan_info info = {.size = sizeof info};
  GOOD(fewtap_plan_get_info(plan, &info, e));
  REQUIRE(info.width == 23 && !info.is_varying && info.alignment == 1);
  REQUIRE(info.left >= 4 && info.right >= 4 && info.above >= 2 && info.below >= 2 && info.left < 8 && info.below < 8);

  fewtap_image input = new_image(23, 17, 3, FEWTAP_FLOAT32), output = new_image(23, 17, 3, FEWTAP_FLOAT32);
  fewtap_image doubles = new_image(23, 17, 3, FEWTAP_FLOAT64), exact = new_image(23, 17, 3, FEWTAP_FLOAT64);
  fill(&input, 1);
  fill(&doubles, 1);
  for (int border = FEWTAP_BORDER_CLAMP; border <= FEWTAP_BORDER_NORMALIZED; border++) {
    fewtap_apply_options options = {.size = sizeof options, .border = (fewtap_border)border, .border_value = 0.5f};
    GOOD(fewtap_apply(plan, NULL, &input, &output, &options, e));
    GOOD(fewtap_apply(plan, NULL, &doubles, &exact, &options, e));
    for (int64_t y = 0; y < 17; y++)
      for (int64_t x = 0; x < 23; x++)
        for (int64_t c = 0; c < 3; c++) REQUIRE(fabs(get(&output, x, y, c) - get(&exact, x, y, c)) < 32 * 0x1p-24);

    // <A x, y> = <x, A' y>, but for what the constant outside adds.
    options.border_value = 0;
    fewtap_image other = new_image(23, 17, 3, FEWTAP_FLOAT64), adjoint = new_image(23, 17, 3, FEWTAP_FLOAT64);
    fill(&other, 2);
    GOOD(fewtap_apply(plan, NULL, &doubles, &exact, &options, e));
    GOOD(fewtap_apply_adjoint(plan, NULL, &other, &adjoint, &options, e));
    double left = dot(&exact, &other), right = dot(&doubles, &adjoint);
    REQUIRE(fabs(left - right) < 1e-12 * fabs(left));
    fewtap_image single = new_image(23, 17, 3, FEWTAP_FLOAT32), result = new_image(23, 17, 3, FEWTAP_FLOAT32);
    fill(&single, 2);
    GOOD(fewtap_apply_adjoint(plan, NULL, &single, &result, &options, e));
    double near = dot(&doubles, &result);
    REQUIRE(fabs(left - near) < 32 * 0x1p-24 * fabs(left));
    free(other.data);
    free(adjoint.data);
    free(single.data);
    free(result.data);
  }

  // Strides of any sign: bottom up, channels swapped and apart.
  fewtap_image flipped = new_image(23, 17, 3, FEWTAP_FLOAT32), target = new_image(23, 17, 3, FEWTAP_FLOAT32);
  void *flipped_memory = flipped.data;
  flipped.data = (char *)flipped.data + 16 * flipped.row_stride + 2 * flipped.channel_stride;
  flipped.row_stride = -flipped.row_stride;
  flipped.channel_stride = -flipped.channel_stride;
  target.pixel_stride = 4;
  target.row_stride = 23 * 4;
  target.channel_stride = 23 * 17 * 4;
  fill(&flipped, 1);
  GOOD(fewtap_apply(plan, NULL, &input, &output, NULL, e));
  GOOD(fewtap_apply(plan, NULL, &flipped, &target, NULL, e));
  for (int64_t y = 0; y < 17; y++)
    for (int64_t x = 0; x < 23; x++)
      for (int64_t c = 0; c < 3; c++) REQUIRE(get(&output, x, y, c) == get(&target, x, y, c));
  free(flipped_memory);
  free(target.data);

  // Integers, halfs, sRGB and alpha.
  for (int type = FEWTAP_UINT8; type <= FEWTAP_FLOAT16; type++) {
    fewtap_image codes = new_image(23, 17, 4, (fewtap_type)type), result = new_image(23, 17, 4, FEWTAP_FLOAT32);
    memset(codes.data, 0x33, (size_t)(17 * codes.row_stride));
    codes.transfer = type == FEWTAP_FLOAT16 ? FEWTAP_LINEAR : FEWTAP_SRGB;
    codes.has_alpha = result.has_alpha = 1;
    codes.alpha_index = result.alpha_index = 3;
    GOOD(fewtap_apply(plan, NULL, &codes, &result, NULL, e));
    for (int64_t y = 0; y < 17; y++) REQUIRE(get(&result, 5, y, 0) == get(&result, 5, 0, 0) && get(&result, 5, y, 0) > 0);
    free(codes.data);
    free(result.data);
  }

  // Progress on the caller's thread, and an end on request.
  watcher own = {0, 1 << 30, pthread_self()};
  fewtap_apply_options options = {.size = sizeof options, .progress = watch, .progress_context = &own};
  GOOD(fewtap_apply(plan, NULL, &input, &output, &options, e));
  REQUIRE(own.calls > 0);
  own.most = 1;
  BAD(FEWTAP_CANCELLED, "cancelled", fewtap_apply(plan, NULL, &input, &output, &options, e));
  BAD(FEWTAP_CANCELLED, "cancelled", fewtap_apply(plan, NULL, &doubles, &exact, &options, e));
  options.progress = NULL;

  // Bad options.
  options.border = (fewtap_border)9;
  BAD(FEWTAP_BAD_ARGUMENT, "border is 9", fewtap_apply(plan, NULL, &input, &output, &options, e));
  options.border = FEWTAP_BORDER_CONSTANT;
  options.border_value = NAN;
  BAD(FEWTAP_NON_FINITE, "constant", fewtap_apply(plan, NULL, &input, &output, &options, e));
  options.border = FEWTAP_BORDER_CLAMP;
  options.nonfinite = (fewtap_nonfinite)3;
  BAD(FEWTAP_BAD_ARGUMENT, "nonfinite is 3", fewtap_apply(plan, NULL, &input, &output, &options, e));
  options.nonfinite = FEWTAP_NONFINITE_REFUSE;
  options.direction = (fewtap_direction)2;
  BAD(FEWTAP_BAD_ARGUMENT, "direction is 2", fewtap_apply(plan, NULL, &input, &output, &options, e));
  options.direction = FEWTAP_GATHER;
  options.threads = -4;
  BAD(FEWTAP_BAD_ARGUMENT, "threads is -4", fewtap_apply(plan, NULL, &input, &output, &options, e));
  options.threads = INT32_MAX;
  GOOD(fewtap_apply(plan, NULL, &input, &output, &options, e));
  options.threads = 1;
  options.allows_halfs = -1;
  BAD(FEWTAP_BAD_ARGUMENT, "allows_halfs is -1", fewtap_apply(plan, NULL, &input, &output, &options, e));
  options.allows_halfs = 1;
  GOOD(fewtap_apply(plan, NULL, &input, &output, &options, e));

  // Bad pixels.
  set(&input, 3, 2, 1, NAN);
  set(&doubles, 3, 2, 1, INFINITY);
  BAD(FEWTAP_NON_FINITE, "column 3, row 2", fewtap_apply(plan, NULL, &input, &output, NULL, e));
  BAD(FEWTAP_NON_FINITE, "column 3, row 2", fewtap_apply(plan, NULL, &doubles, &exact, NULL, e));
  options.nonfinite = FEWTAP_NONFINITE_ZERO;
  GOOD(fewtap_apply(plan, NULL, &input, &output, &options, e));
  GOOD(fewtap_apply(plan, NULL, &doubles, &exact, &options, e));
  REQUIRE(isfinite(get(&output, 4, 2, 1)) && isfinite(get(&exact, 4, 2, 1)));
  options.nonfinite = FEWTAP_NONFINITE_KEEP;
  GOOD(fewtap_apply(plan, NULL, &input, &output, &options, e));
  fill(&input, 1);
  fill(&doubles, 1);

  // Bad images.
  fewtap_image wrong = output;
  wrong.width = 22;
  BAD(FEWTAP_BAD_SHAPE, "must be alike", fewtap_apply(plan, NULL, &input, &wrong, NULL, e));
  fewtap_image narrow = input;
  narrow.width = 22;
  BAD(FEWTAP_BAD_SHAPE, "22 pixels wide", fewtap_apply(plan, NULL, &narrow, &wrong, NULL, e));
  wrong = output;
  wrong.data = NULL;
  BAD(FEWTAP_BAD_ARGUMENT, "output->data is NULL", fewtap_apply(plan, NULL, &input, &wrong, NULL, e));
  wrong.data = (char *)output.data + 1;
  BAD(FEWTAP_BAD_SHAPE, "multiple of 4", fewtap_apply(plan, NULL, &input, &wrong, NULL, e));
  wrong = output;
  wrong.type = (fewtap_type)0;
  BAD(FEWTAP_BAD_ARGUMENT, "output->type is 0", fewtap_apply(plan, NULL, &input, &wrong, NULL, e));
  wrong.type = FEWTAP_FLOAT64;
  BAD(FEWTAP_BAD_SHAPE, "multiple of 8", fewtap_apply(plan, NULL, &input, &wrong, NULL, e));
  wrong = output;
  wrong.transfer = (fewtap_transfer)5;
  BAD(FEWTAP_BAD_ARGUMENT, "transfer is 5", fewtap_apply(plan, NULL, &input, &wrong, NULL, e));
  wrong = output;
  wrong.pixel_stride = 6;
  BAD(FEWTAP_BAD_SHAPE, "pixelStride is 6", fewtap_apply(plan, NULL, &input, &wrong, NULL, e));
  wrong = output;
  wrong.row_stride = 0;
  BAD(FEWTAP_BAD_SHAPE, "overlap", fewtap_apply(plan, NULL, &input, &wrong, NULL, e));
  wrong = output;
  wrong.height = 0;
  BAD(FEWTAP_BAD_SHAPE, "23x0", fewtap_apply(plan, NULL, &input, &wrong, NULL, e));
  wrong.height = INT64_MAX;
  BAD(FEWTAP_BAD_SHAPE, "too many", fewtap_apply(plan, NULL, &input, &wrong, NULL, e));
  wrong = output;
  wrong.row_stride = INT64_MIN;
  BAD(FEWTAP_BAD_SHAPE, "too many", fewtap_apply(plan, NULL, &input, &wrong, NULL, e));
  wrong = output;
  wrong.channels = -1;
  BAD(FEWTAP_BAD_SHAPE, "-1 channels", fewtap_apply(plan, NULL, &input, &wrong, NULL, e));
  wrong = output;
  wrong.has_alpha = 1;
  wrong.alpha_index = 3;
  BAD(FEWTAP_BAD_SHAPE, "alpha channel 3", fewtap_apply(plan, NULL, &input, &wrong, NULL, e));
  wrong.alpha_index = 0;
  BAD(FEWTAP_BAD_SHAPE, "alpha", fewtap_apply(plan, NULL, &input, &wrong, NULL, e));
  wrong.has_alpha = 4;
  BAD(FEWTAP_BAD_ARGUMENT, "has_alpha is 4", fewtap_apply(plan, NULL, &input, &wrong, NULL, e));
  BAD(FEWTAP_BAD_ARGUMENT, "share", fewtap_apply(plan, NULL, &input, &input, NULL, e));
  BAD(FEWTAP_BAD_ARGUMENT, "share", fewtap_apply_adjoint(plan, NULL, &doubles, &doubles, NULL, e));
  BAD(FEWTAP_UNSUPPORTED, "float64", fewtap_apply(plan, NULL, &doubles, &output, NULL, e));
  wrong = output;
  wrong.transfer = FEWTAP_SRGB;
  BAD(FEWTAP_UNSUPPORTED, "linear", fewtap_apply_adjoint(plan, NULL, &input, &wrong, NULL, e));
  fewtap_image bytes = new_image(23, 17, 3, FEWTAP_UINT8);
  BAD(FEWTAP_UNSUPPORTED, "uint8", fewtap_apply_adjoint(plan, NULL, &bytes, &output, NULL, e));
  free(bytes.data);
  BAD(FEWTAP_BAD_ARGUMENT, "input is NULL", fewtap_apply(plan, NULL, NULL, &output, NULL, e));
  BAD(FEWTAP_BAD_ARGUMENT, "output is NULL", fewtap_apply(plan, NULL, &input, NULL, NULL, e));
  BAD(FEWTAP_BAD_ARGUMENT, "plan is NULL", fewtap_apply(NULL, NULL, &input, &output, NULL, e));

  fewtap_plan *none = NULL;
  filter = small_filter();
  BAD(FEWTAP_BAD_SHAPE, "0 pixels wide", fewtap_plan_create(filter, 0, &none, e));
  BAD(FEWTAP_BAD_SHAPE, "pixels wide", fewtap_plan_create(filter, INT64_MIN, &none, e));
  BAD(FEWTAP_BAD_HANDLE, "one of a plan", fewtap_plan_create((fewtap_filter *)(void *)plan, 5, &none, e));
  fewtap_filter_free(filter);
  // A handle is freed by the function of its kind alone.
  fewtap_filter_free((fewtap_filter *)(void *)plan);
  fewtap_map_free((fewtap_map *)(void *)plan);
  GOOD(fewtap_plan_get_info(plan, &info, e));
  fewtap_plan_free(plan);
  BAD(FEWTAP_BAD_HANDLE, "freed", fewtap_apply(plan, NULL, &input, &output, NULL, e));
  free(input.data);
  free(output.data);
  free(doubles.data);
  free(exact.data);
}

// MARK: Bases and maps

static void families(void) {
  fewtap_kernel *small = parse("disk:radius=1"), *large = parse("disk:radius=3"), *kernel = NULL;
  const fewtap_kernel *kernels[] = {small, large};
  fewtap_axis axis = {"focus", "mm"};
  double points[] = {0, 10};
  fewtap_family *family = NULL;
  GOOD(fewtap_family_measured(kernels, 2, &axis, 1, points, "lens", &family, e));
  double middle = 5;
  GOOD(fewtap_family_get_kernel(family, &middle, 1, &kernel, e));
  fewtap_kernel_info info = {.size = sizeof info};
  GOOD(fewtap_kernel_get_info(kernel, &info, e));
  REQUIRE(info.radius == 3 && fabs(info.sum - 1) < 1e-12);
  fewtap_kernel_free(kernel);
  BAD(FEWTAP_BAD_SHAPE, "2 values", fewtap_family_get_kernel(family, points, 2, &kernel, e));
  middle = NAN;
  BAD(FEWTAP_NON_FINITE, "point[0]", fewtap_family_get_kernel(family, &middle, 1, &kernel, e));
  fewtap_family_free(family);
  BAD(FEWTAP_BAD_HANDLE, "freed", fewtap_family_get_kernel(family, points, 1, &kernel, e));

  points[1] = 0;
  BAD(FEWTAP_BAD_ARGUMENT, "two kernels at", fewtap_family_measured(kernels, 2, &axis, 1, points, NULL, &family, e));
  points[1] = NAN;
  BAD(FEWTAP_BAD_ARGUMENT, "finite", fewtap_family_measured(kernels, 2, &axis, 1, points, NULL, &family, e));
  points[1] = 10;
  BAD(FEWTAP_BAD_SHAPE, "axis_count is 5", fewtap_family_measured(kernels, 2, &axis, 5, points, NULL, &family, e));
  BAD(FEWTAP_BAD_SHAPE, "count is 0", fewtap_family_measured(kernels, 0, &axis, 1, points, NULL, &family, e));
  kernels[1] = NULL;
  BAD(FEWTAP_BAD_ARGUMENT, "kernels[1] is NULL", fewtap_family_measured(kernels, 2, &axis, 1, points, NULL, &family, e));
  BAD(FEWTAP_BAD_ARGUMENT, "kernels is NULL", fewtap_family_measured(NULL, 2, &axis, 1, points, NULL, &family, e));
  axis.name = NULL;
  kernels[1] = large;
  BAD(FEWTAP_BAD_ARGUMENT, "axes[0].name", fewtap_family_measured(kernels, 2, &axis, 1, points, NULL, &family, e));
  BAD(FEWTAP_BAD_FORMAT, "not a family", fewtap_family_parse("disk:radius=3", &family, e));
  fewtap_kernel_free(small);
  fewtap_kernel_free(large);
}

static fewtap_basis *disks(void) {
  fewtap_family *family = NULL;
  GOOD(fewtap_family_parse("disk:radius=1...3", &family, e));
  int64_t knots = 3;
  fewtap_basis_options options = {.size = sizeof options, .knots = &knots, .knot_count = 1};
  watcher own = {0, 1 << 30, pthread_self()};
  fewtap_basis *basis = NULL;
  GOOD(fewtap_basis_fit(family, &options, watch, &own, &basis, e));
  REQUIRE(own.calls > 0);
  own.most = 1;
  own.calls = 0;
  fewtap_basis *none = NULL;
  fewtap_error error;
  REQUIRE(fewtap_basis_fit(family, &options, watch, &own, &none, &error) == FEWTAP_CANCELLED);
  fewtap_basis_free(none);

  knots = 1;
  BAD(FEWTAP_BAD_ARGUMENT, "1 knots", fewtap_basis_fit(family, &options, NULL, NULL, &none, e));
  knots = INT64_MIN;
  BAD(FEWTAP_BAD_ARGUMENT, "knots", fewtap_basis_fit(family, &options, NULL, NULL, &none, e));
  options.knot_count = 9;
  BAD(FEWTAP_BAD_SHAPE, "knot_count is 9", fewtap_basis_fit(family, &options, NULL, NULL, &none, e));
  options.knots = NULL;
  BAD(FEWTAP_BAD_ARGUMENT, "knots is NULL", fewtap_basis_fit(family, &options, NULL, NULL, &none, e));
  options.knot_count = 0;
  options.interpolation = "thoughts";
  BAD(FEWTAP_BAD_ARGUMENT, "\"thoughts\"", fewtap_basis_fit(family, &options, NULL, NULL, &none, e));
  options.interpolation = "offsets";
  options.taps = -1;
  BAD(FEWTAP_BAD_ARGUMENT, "taps is -1", fewtap_basis_fit(family, &options, NULL, NULL, &none, e));
  options.taps = 8;
  options.layers = 99;
  BAD(FEWTAP_BAD_ARGUMENT, "99", fewtap_basis_fit(family, &options, NULL, NULL, &none, e));
  options.layers = 0;
  options.error = -5;
  BAD(FEWTAP_BAD_ARGUMENT, "-5", fewtap_basis_fit(family, &options, NULL, NULL, &none, e));
  BAD(FEWTAP_BAD_ARGUMENT, "family is NULL", fewtap_basis_fit(NULL, &options, NULL, NULL, &none, e));
  fewtap_family_free(family);
  return basis;
}

// The weights at a point must sum to 1; a map of parameters, in both directions, keeps its inner products with the adjoint.
static void check_varying(const fewtap_plan *plan, const fewtap_map *map, int64_t width, int64_t height) {
  fewtap_image x = new_image(width, height, 1, FEWTAP_FLOAT32), y = new_image(width, height, 1, FEWTAP_FLOAT32);
  fewtap_image ax = new_image(width, height, 1, FEWTAP_FLOAT32), ay = new_image(width, height, 1, FEWTAP_FLOAT32);
  fill(&x, 3);
  fill(&y, 4);
  for (int direction = FEWTAP_GATHER; direction <= FEWTAP_SCATTER; direction++) {
    fewtap_apply_options options = {
        .size = sizeof options, .direction = (fewtap_direction)direction, .border = FEWTAP_BORDER_MIRROR};
    GOOD(fewtap_apply(plan, map, &x, &ax, &options, e));
    GOOD(fewtap_apply_adjoint(plan, map, &y, &ay, &options, e));
    double left = dot(&ax, &y), right = dot(&x, &ay);
    REQUIRE(fabs(left - right) < 64 * 0x1p-24 * fabs(left));
  }
  BAD(FEWTAP_BAD_ARGUMENT, "map is NULL", fewtap_apply(plan, NULL, &x, &ax, NULL, e));
  free(x.data);
  free(y.data);
  free(ax.data);
  free(ay.data);
}

static void bases(void) {
  fewtap_basis *basis = disks();
  fewtap_basis_info info = {.size = sizeof info};
  GOOD(fewtap_basis_get_info(basis, &info, e));
  REQUIRE(info.axis_count == 1 && info.filter_count == 3 && strcmp(info.interpolation, "outputs") == 0 && info.has_fit);
  REQUIRE(info.max_x >= 3 && info.min_y <= -3 && info.photo_psnr > 20 && info.noise_gain >= 1);
  fewtap_axis_info axis = {.size = sizeof axis};
  GOOD(fewtap_basis_get_axis(basis, 0, &axis, e));
  REQUIRE(axis.low == 1 && axis.high == 3 && axis.knot_count == 3 && !axis.is_periodic);
  REQUIRE(strcmp(axis.name, "radius") == 0 && strcmp(axis.unit, "px") == 0);
  BAD(FEWTAP_BAD_ARGUMENT, "axis is 1", fewtap_basis_get_axis(basis, 1, &axis, e));
  BAD(FEWTAP_BAD_ARGUMENT, "axis is -1", fewtap_basis_get_axis(basis, -1, &axis, e));
  double knots[3], weights[3], point = 1.7;
  GOOD(fewtap_basis_get_knots(basis, 0, knots, 3, e));
  REQUIRE(knots[0] == 1 && knots[2] == 3);
  BAD(FEWTAP_BAD_SHAPE, "count is 2", fewtap_basis_get_knots(basis, 0, knots, 2, e));
  GOOD(fewtap_basis_get_mixture(basis, &point, 1, weights, 3, e));
  REQUIRE(fabs(weights[0] + weights[1] + weights[2] - 1) < 1e-15);
  BAD(FEWTAP_BAD_SHAPE, "weight_count is 4", fewtap_basis_get_mixture(basis, &point, 1, weights, 4, e));
  BAD(FEWTAP_BAD_ARGUMENT, "weights is NULL", fewtap_basis_get_mixture(basis, &point, 1, NULL, 3, e));
  fewtap_filter *filter = NULL, *filters[2] = {NULL, NULL};
  GOOD(fewtap_basis_get_filter(basis, 2, &filter, e));
  fewtap_filter_free(filter);
  BAD(FEWTAP_BAD_ARGUMENT, "index is 3", fewtap_basis_get_filter(basis, 3, &filter, e));
  BAD(FEWTAP_UNSUPPORTED, "outputs", fewtap_basis_get_filter_at(basis, &point, 1, &filter, e));

  char *json = NULL;
  int64_t length = 0;
  fewtap_basis *again = NULL;
  GOOD(fewtap_basis_to_json(basis, &json, &length, e));
  GOOD(fewtap_basis_from_json(json, length, &again, e));
  fewtap_free(json);
  fewtap_basis_free(again);
  BAD(FEWTAP_BAD_FORMAT, "", fewtap_basis_from_json("{}", 2, &again, e));
  char path[] = "/tmp/fewtap-XXXXXX";
  int descriptor = mkstemp(path);
  REQUIRE(descriptor >= 0);
  GOOD(fewtap_basis_save(basis, path, e));
  GOOD(fewtap_basis_load(path, &again, e));
  remove(path);
  fewtap_basis_free(again);

  // Maps: of an array, and of sources.
  fewtap_plan *plan = NULL;
  GOOD(fewtap_plan_create_varying(basis, 40, &plan, e));
  fewtap_plan_info plan_info = {.size = sizeof plan_info};
  GOOD(fewtap_plan_get_info(plan, &plan_info, e));
  REQUIRE(plan_info.is_varying && plan_info.left >= 3 && plan_info.alignment >= 1);
  fewtap_image radii = new_image(40, 30, 1, FEWTAP_FLOAT64);
  for (int64_t y = 0; y < 30; y++)
    for (int64_t x = 0; x < 40; x++) set(&radii, x, y, 0, 1 + 2 * (double)x / 39);
  fewtap_map *map = NULL;
  GOOD(fewtap_map_parameters(&radii, &map, e));
  fewtap_map_info map_info = {.size = sizeof map_info};
  GOOD(fewtap_map_get_info(map, &map_info, e));
  REQUIRE(map_info.width == 40 && map_info.height == 30 && map_info.plane_count == 1 && !map_info.is_weights);
  fewtap_image copy = new_image(40, 30, 1, FEWTAP_FLOAT32);
  GOOD(fewtap_map_get_values(map, &copy, e));
  REQUIRE(get(&copy, 39, 7, 0) == 3 && get(&copy, 0, 29, 0) == 1);
  BAD(FEWTAP_BAD_SHAPE, "40x29", (copy.height = 29, fewtap_map_get_values(map, &copy, e)));
  copy.height = 30;
  check_varying(plan, map, 40, 30);
  fewtap_image doubles = new_image(40, 30, 1, FEWTAP_FLOAT64), exact = new_image(40, 30, 1, FEWTAP_FLOAT64);
  fill(&doubles, 9);
  GOOD(fewtap_apply(plan, map, &doubles, &exact, NULL, e));
  GOOD(fewtap_apply_adjoint(plan, map, &doubles, &exact, NULL, e));
  fewtap_map_free(map);

  fewtap_map_source sources[] = {
      {.size = sizeof sources[0], .kind = FEWTAP_MAP_CONSTANT, .value = 2},
      {.size = sizeof sources[0], .kind = FEWTAP_MAP_PLANE, .plane = &radii, .nearest = 1},
      {.size = sizeof sources[0],
       .kind = FEWTAP_MAP_RAMP,
       .low = 1,
       .high = 3,
       .rise = {0.5, 1},
       .angle = 30,
       .has_center = 1,
       .center_x = {10, 0},
       .center_y = {0.25, 1}},
      {.size = sizeof sources[0], .kind = FEWTAP_MAP_RADIAL, .low = 3, .high = 1, .start = {2, 0}, .rise = {20, 0}, .exponent = 2},
      {.size = sizeof sources[0], .kind = FEWTAP_MAP_FIELD, .field = "radius"},
  };
  for (size_t index = 0; index < sizeof sources / sizeof sources[0]; index++) {
    GOOD(fewtap_map_create(40, 30, &sources[index], 1, &map, e));
    GOOD(fewtap_map_get_values(map, &copy, e));
    REQUIRE(isfinite(get(&copy, 0, 0, 0)) && get(&copy, 39, 29, 0) >= (index == 4 ? 0.9 : 1));
    check_varying(plan, map, 40, 30);
    fewtap_map_free(map);
  }
  // Maps may be of any size, as long as nobody wants their values.
  GOOD(fewtap_map_create(INT32_MAX, INT32_MAX, sources, 1, &map, e));
  fewtap_map *huge = NULL;
  BAD(FEWTAP_OUT_OF_MEMORY, "2147483647x2147483647", fewtap_map_admit(map, basis, FEWTAP_MAP_NAN_LOW, 0, NULL, 0, &huge, e));
  fewtap_map_free(map);
  // A picture of another size is sampled; of another shape it must be allowed.
  GOOD(fewtap_map_create(80, 60, &sources[1], 1, &map, e));
  fewtap_map_free(map);
  BAD(FEWTAP_BAD_SHAPE, "shapes", fewtap_map_create(80, 80, &sources[1], 1, &map, e));
  sources[1].stretches = 1;
  GOOD(fewtap_map_create(80, 80, &sources[1], 1, &map, e));
  GOOD(fewtap_map_get_info(map, &map_info, e));
  REQUIRE(map_info.width == 80 && map_info.height == 80);
  fewtap_map_free(map);

  fewtap_map_source wrong = sources[0];
  wrong.value = NAN;
  BAD(FEWTAP_NON_FINITE, "sources[0].value", fewtap_map_create(40, 30, &wrong, 1, &map, e));
  wrong = sources[0];
  wrong.kind = (fewtap_map_kind)12;
  BAD(FEWTAP_BAD_ARGUMENT, "kind is 12", fewtap_map_create(40, 30, &wrong, 1, &map, e));
  wrong = sources[1];
  wrong.plane = NULL;
  BAD(FEWTAP_BAD_ARGUMENT, "plane is NULL", fewtap_map_create(40, 30, &wrong, 1, &map, e));
  wrong = sources[1];
  wrong.period = -360;
  BAD(FEWTAP_BAD_ARGUMENT, "period is -360", fewtap_map_create(40, 30, &wrong, 1, &map, e));
  wrong = sources[2];
  wrong.rise.value = 0;
  BAD(FEWTAP_BAD_ARGUMENT, "rise", fewtap_map_create(40, 30, &wrong, 1, &map, e));
  wrong = sources[4];
  wrong.field = "of corn";
  BAD(FEWTAP_BAD_ARGUMENT, "\"of corn\"", fewtap_map_create(40, 30, &wrong, 1, &map, e));
  wrong.size = 5000;
  BAD(FEWTAP_BAD_ARGUMENT, "size is 5000", fewtap_map_create(40, 30, &wrong, 1, &map, e));
  BAD(FEWTAP_BAD_SHAPE, "width is 0", fewtap_map_create(0, 30, sources, 1, &map, e));
  BAD(FEWTAP_BAD_SHAPE, "count is 5", fewtap_map_create(40, 30, sources, 5, &map, e));
  BAD(FEWTAP_BAD_ARGUMENT, "sources is NULL", fewtap_map_create(40, 30, NULL, 1, &map, e));

  // Maps that are not this plan's.
  GOOD(fewtap_map_create(40, 31, sources, 1, &map, e));
  BAD(FEWTAP_BAD_SHAPE, "40x31", fewtap_apply(plan, map, &doubles, &exact, NULL, e));
  BAD(FEWTAP_BAD_SHAPE, "40x31", (copy.type = FEWTAP_FLOAT32, radii.type = FEWTAP_FLOAT64, fewtap_apply(plan, map, &doubles, &exact, NULL, e)));
  fewtap_map_free(map);
  GOOD(fewtap_map_create(40, 30, sources, 2, &map, e));
  fewtap_image singles = new_image(40, 30, 1, FEWTAP_FLOAT32);
  BAD(FEWTAP_BAD_SHAPE, "2 values a pixel", fewtap_apply(plan, map, &singles, &copy, NULL, e));
  BAD(FEWTAP_BAD_SHAPE, "2 values a pixel", fewtap_apply(plan, map, &doubles, &exact, NULL, e));
  fewtap_map_free(map);
  set(&radii, 11, 5, 0, NAN);
  GOOD(fewtap_map_parameters(&radii, &map, e));
  BAD(FEWTAP_NON_FINITE, "column 11, row 5", fewtap_apply(plan, map, &singles, &copy, NULL, e));
  BAD(FEWTAP_NON_FINITE, "column 11, row 5", fewtap_apply(plan, map, &doubles, &exact, NULL, e));
  set(&radii, 12, 5, 0, 9);
  fewtap_map_free(map);
  GOOD(fewtap_map_parameters(&radii, &map, e));
  fewtap_map *admitted = NULL;
  fewtap_map_survey survey;
  GOOD(fewtap_map_admit(map, basis, FEWTAP_MAP_NAN_HIGH, 0, &survey, 1, &admitted, e));
  REQUIRE(survey.least == 1 && survey.largest == 9 && survey.outside_count == 1 && survey.nan_count == 1);
  GOOD(fewtap_map_get_values(admitted, &copy, e));
  REQUIRE(get(&copy, 11, 5, 0) == 3 && get(&copy, 12, 5, 0) == 3);
  fewtap_map_free(admitted);
  GOOD(fewtap_map_admit(map, basis, FEWTAP_MAP_NAN_LOW, 0, NULL, 0, &admitted, e));
  fewtap_map_free(admitted);
  BAD(FEWTAP_NON_FINITE, "column 11, row 5", fewtap_map_admit(map, basis, FEWTAP_MAP_NAN_REFUSE, 0, NULL, 0, &admitted, e));
  BAD(FEWTAP_BAD_ARGUMENT, "outside of 1.0...3.0", fewtap_map_admit(map, basis, FEWTAP_MAP_NAN_LOW, 1, NULL, 0, &admitted, e));
  BAD(FEWTAP_BAD_ARGUMENT, "is_strict is 2", fewtap_map_admit(map, basis, FEWTAP_MAP_NAN_LOW, 2, NULL, 0, &admitted, e));
  BAD(FEWTAP_BAD_ARGUMENT, "nan is 4", fewtap_map_admit(map, basis, (fewtap_map_nan)4, 0, NULL, 0, &admitted, e));
  BAD(FEWTAP_BAD_SHAPE, "survey_count is 2", fewtap_map_admit(map, basis, FEWTAP_MAP_NAN_LOW, 0, &survey, 2, &admitted, e));
  fewtap_map_free(map);
  BAD(FEWTAP_BAD_HANDLE, "freed", fewtap_apply(plan, map, &singles, &copy, NULL, e));
  fewtap_image bytes = new_image(40, 30, 1, FEWTAP_UINT8);
  BAD(FEWTAP_UNSUPPORTED, "uint8", fewtap_map_parameters(&bytes, &map, e));
  free(bytes.data);

  // A stack of kernels with a map of weights, as deconvolution has it.
  fewtap_kernel *kernels[] = {parse("disk:radius=2"), parse("gaussian:sigma=1")};
  fewtap_planner_options planner = {.size = sizeof planner, .error = 45};
  fewtap_basis *each = NULL;
  watcher own = {0, 1 << 30, pthread_self()};
  GOOD(fewtap_basis_fit_each((const fewtap_kernel *const *)kernels, 2, &planner, watch, &own, &each, e));
  REQUIRE(own.calls > 0);
  BAD(FEWTAP_BAD_ARGUMENT, "only kernel",
      fewtap_basis_fit_each((const fewtap_kernel *const *)kernels, 1, &planner, NULL, NULL, &again, e));
  fewtap_plan *mixed = NULL;
  GOOD(fewtap_plan_create_varying(each, 40, &mixed, e));
  fewtap_image planes = new_image(40, 30, 2, FEWTAP_FLOAT32);
  fill(&planes, 8);
  GOOD(fewtap_map_weights(&planes, &map, e));
  GOOD(fewtap_map_get_info(map, &map_info, e));
  REQUIRE(map_info.is_weights && map_info.plane_count == 2);
  check_varying(mixed, map, 40, 30);
  // In binary64 it is the same but for roundings.
  GOOD(fewtap_apply(mixed, map, &doubles, &exact, NULL, e));
  for (int64_t y = 0; y < 30; y++)
    for (int64_t x = 0; x < 40; x++) set(&singles, x, y, 0, get(&doubles, x, y, 0));
  GOOD(fewtap_apply(mixed, map, &singles, &copy, NULL, e));
  for (int64_t y = 0; y < 30; y++)
    for (int64_t x = 0; x < 40; x++) REQUIRE(fabs(get(&copy, x, y, 0) - get(&exact, x, y, 0)) < 1e-5);
  GOOD(fewtap_apply_adjoint(mixed, map, &doubles, &exact, NULL, e));
  BAD(FEWTAP_BAD_SHAPE, "2 planes of weights", fewtap_apply(plan, map, &doubles, &exact, NULL, e));
  BAD(FEWTAP_UNSUPPORTED, "weights", fewtap_map_admit(map, each, FEWTAP_MAP_NAN_LOW, 0, NULL, 0, &admitted, e));
  BAD(FEWTAP_BAD_SHAPE, "2 planes of weights", fewtap_apply(plan, map, &singles, &copy, NULL, e));
  fewtap_map_free(map);
  fewtap_plan_free(mixed);

  // A basis of filters by hand, whose taps are interpolated.
  for (int index = 0; index < 2; index++) filters[index] = small_filter();
  double places[] = {0, 1};
  int64_t counts[] = {2};
  int32_t periodic[] = {0};
  fewtap_axis name = {"share", NULL};
  const fewtap_filter *const *members = (const fewtap_filter *const *)filters;
  GOOD(fewtap_basis_create("offsets", &name, 1, counts, places, periodic, members, 2, &again, e));
  point = 0.5;
  GOOD(fewtap_basis_get_filter_at(again, &point, 1, &filter, e));
  // The same knots with a filter that stood between them.
  const fewtap_filter *others[] = {filter, filters[1], filter};
  fewtap_basis *changed = NULL;
  GOOD(fewtap_basis_with_filters(again, others, 2, &changed, e));
  double knots_now[2];
  GOOD(fewtap_basis_get_knots(changed, 0, knots_now, 2, e));
  REQUIRE(knots_now[0] == 0 && knots_now[1] == 1);
  fewtap_basis_free(changed);
  BAD(FEWTAP_BAD_SHAPE, "filter_count is 3", fewtap_basis_with_filters(again, others, 3, &changed, e));
  BAD(FEWTAP_BAD_ARGUMENT, "filters is NULL", fewtap_basis_with_filters(again, NULL, 2, &changed, e));
  others[1] = NULL;
  BAD(FEWTAP_BAD_ARGUMENT, "filters[1] is NULL", fewtap_basis_with_filters(again, others, 2, &changed, e));
  fewtap_filter_free(filter);
  fewtap_plan *taps = NULL;
  GOOD(fewtap_plan_create_varying(again, 40, &taps, e));
  sources[0].value = 0.25;
  GOOD(fewtap_map_create(40, 30, sources, 1, &map, e));
  check_varying(taps, map, 40, 30);
  fewtap_map_free(map);
  GOOD(fewtap_map_weights(&planes, &map, e));
  BAD(FEWTAP_UNSUPPORTED, "interpolated taps", fewtap_apply(taps, map, &singles, &copy, NULL, e));
  BAD(FEWTAP_UNSUPPORTED, "interpolated taps", fewtap_apply(taps, map, &doubles, &exact, NULL, e));
  fewtap_gradients slopes = {.size = sizeof slopes, .map = &planes};
  BAD(FEWTAP_UNSUPPORTED, "interpolated taps", fewtap_pullback(taps, map, &singles, &singles, &slopes, NULL, e));
  BAD(FEWTAP_UNSUPPORTED, "interpolated taps", fewtap_pullback(taps, map, &doubles, &doubles, &slopes, NULL, e));
  fewtap_map_free(map);
  fewtap_plan_free(taps);
  fewtap_basis_free(again);
  BAD(FEWTAP_BAD_SHAPE, "filter_count is 1", fewtap_basis_create(NULL, &name, 1, counts, places, NULL, members, 1, &again, e));
  places[1] = 0;
  BAD(FEWTAP_BAD_ARGUMENT, "knots", fewtap_basis_create(NULL, &name, 1, counts, places, NULL, members, 2, &again, e));
  places[1] = 1;
  periodic[0] = 3;
  BAD(FEWTAP_BAD_ARGUMENT, "is_periodic[0] is 3",
      fewtap_basis_create(NULL, &name, 1, counts, places, periodic, members, 2, &again, e));
  counts[0] = 1;
  BAD(FEWTAP_BAD_SHAPE, "knot_counts[0] is 1", fewtap_basis_create(NULL, &name, 1, counts, places, NULL, members, 2, &again, e));
  counts[0] = 2;
  fewtap_filter_free(filters[1]);
  BAD(FEWTAP_BAD_HANDLE, "freed", fewtap_basis_create(NULL, &name, 1, counts, places, NULL, members, 2, &again, e));
  fewtap_filter_free(filters[0]);
  fewtap_kernel_free(kernels[0]);
  fewtap_kernel_free(kernels[1]);
  fewtap_basis_free(each);

  fewtap_image one = singles;
  fewtap_filter *uniform = small_filter();
  fewtap_plan *even = NULL;
  GOOD(fewtap_plan_create(uniform, 40, &even, e));
  GOOD(fewtap_map_create(40, 30, sources, 1, &map, e));
  BAD(FEWTAP_BAD_ARGUMENT, "map is given", fewtap_apply(even, map, &one, &copy, NULL, e));
  fewtap_map_free(map);
  fewtap_plan_free(even);
  fewtap_filter_free(uniform);
  fewtap_basis_free(basis);
  BAD(FEWTAP_BAD_HANDLE, "freed", fewtap_basis_get_info(basis, &info, e));
  fewtap_plan_free(plan);
  free(radii.data);
  free(copy.data);
  free(doubles.data);
  free(exact.data);
  free(singles.data);
  free(planes.data);
}

// MARK: Gradients

// The inner product of the plan's result with c.
static double loss(const fewtap_plan *plan, const fewtap_map *map, const fewtap_image *x, const fewtap_image *c,
                   const fewtap_apply_options *options) {
  fewtap_image y = new_image(x->width, x->height, x->channels, x->type);
  GOOD(fewtap_apply(plan, map, x, &y, options, e));
  double value = dot(&y, c);
  free(y.data);
  return value;
}

// Two layers of bilinear taps again, one number of which is moved by `step`: tap `index` of `numbers`, or the gain.
static fewtap_filter *moved_filter(const fewtap_filter_parts *parts, double *number, double step) {
  fewtap_filter_parts moved = *parts;
  fewtap_filter *filter = NULL;
  if (number != NULL) *number += step;
  if (number == NULL) moved.gain += step;
  GOOD(fewtap_filter_create(&moved, &filter, e));
  if (number != NULL) *number -= step;
  return filter;
}

static void check_slope(const fewtap_filter_parts *parts, double *number, double gradient, const fewtap_image *x,
                        const fewtap_image *c, const fewtap_apply_options *options) {
  double step = 1e-5, values[2];
  for (int side = 0; side < 2; side++) {
    fewtap_filter *filter = moved_filter(parts, number, side == 0 ? -step : step);
    fewtap_plan *plan = NULL;
    GOOD(fewtap_plan_create(filter, x->width, &plan, e));
    values[side] = loss(plan, NULL, x, c, options);
    fewtap_plan_free(plan);
    fewtap_filter_free(filter);
  }
  REQUIRE(fabs((values[1] - values[0]) / (2 * step) - gradient) < 1e-6 * (1 + fabs(gradient)));
}

static void gradients(void) {
  int64_t counts[] = {2, 3};
  double x[] = {-1.5, 1.25, 0.25, -2.125, 2.5}, y[] = {0.5, -0.5, 1.75, -1.25, 0.125};
  double weight[] = {0.5, 0.75, 0.25, -0.25, 0.5};
  fewtap_filter_parts parts = {.size = sizeof parts,
                               .tap_model = FEWTAP_TAPS_BILINEAR,
                               .layer_count = 2,
                               .tap_counts = counts,
                               .x = x,
                               .y = y,
                               .weight = weight,
                               .gain = 1.5};
  fewtap_filter *filter = NULL;
  fewtap_plan *plan = NULL;
  GOOD(fewtap_filter_create(&parts, &filter, e));
  GOOD(fewtap_plan_create(filter, 13, &plan, e));
  fewtap_image image = new_image(13, 11, 2, FEWTAP_FLOAT64), c = new_image(13, 11, 2, FEWTAP_FLOAT64);
  fewtap_image single = new_image(13, 11, 2, FEWTAP_FLOAT32), single_c = new_image(13, 11, 2, FEWTAP_FLOAT32);
  fewtap_image adjoint = new_image(13, 11, 2, FEWTAP_FLOAT64), input = new_image(13, 11, 2, FEWTAP_FLOAT64);
  fill(&image, 1);
  fill(&single, 1);
  fill(&c, 2);
  fill(&single_c, 2);
  double gx[5], gy[5], gw[5], gain;
  fewtap_gradients wanted = {.size = sizeof wanted,
                             .input = &input,
                             .x = gx,
                             .y = gy,
                             .weight = gw,
                             .tap_count = 5,
                             .gain = &gain,
                             .gain_count = 1};
  for (int border = FEWTAP_BORDER_CLAMP; border <= FEWTAP_BORDER_NORMALIZED; border++) {
    fewtap_apply_options options = {.size = sizeof options, .border = (fewtap_border)border};
    GOOD(fewtap_pullback(plan, NULL, &image, &c, &wanted, &options, e));
    GOOD(fewtap_apply_adjoint(plan, NULL, &c, &adjoint, &options, e));
    for (int64_t row = 0; row < 11; row++)
      for (int64_t column = 0; column < 13; column++)
        for (int64_t channel = 0; channel < 2; channel++)
          REQUIRE(fabs(get(&input, column, row, channel) - get(&adjoint, column, row, channel)) < 1e-12);
    for (int index = 0; index < 5; index++) {
      check_slope(&parts, &x[index], gx[index], &image, &c, &options);
      check_slope(&parts, &y[index], gy[index], &image, &c, &options);
      check_slope(&parts, &weight[index], gw[index], &image, &c, &options);
    }
    check_slope(&parts, NULL, gain, &image, &c, &options);

    // The fast path gives the same, and what is not wanted is left alone.
    double fast[5], fast_gain = 0;
    fewtap_gradients few = {.size = sizeof few, .weight = fast, .tap_count = 5, .gain = &fast_gain, .gain_count = 1};
    GOOD(fewtap_pullback(plan, NULL, &single, &single_c, &few, &options, e));
    for (int index = 0; index < 5; index++) REQUIRE(fabs(fast[index] - gw[index]) < 1e-4 * (1 + fabs(gw[index])));
    REQUIRE(fabs(fast_gain - gain) < 1e-4 * fabs(gain));
  }

  fewtap_gradients nothing = {.size = sizeof nothing};
  GOOD(fewtap_pullback(plan, NULL, &image, &c, &nothing, NULL, e));
  BAD(FEWTAP_BAD_ARGUMENT, "gradients is NULL", fewtap_pullback(plan, NULL, &image, &c, NULL, NULL, e));
  wanted.tap_count = 4;
  BAD(FEWTAP_BAD_SHAPE, "tap_count is 4", fewtap_pullback(plan, NULL, &image, &c, &wanted, NULL, e));
  wanted.tap_count = 5;
  wanted.gain_count = 2;
  BAD(FEWTAP_BAD_SHAPE, "gain_count is 2", fewtap_pullback(plan, NULL, &image, &c, &wanted, NULL, e));
  wanted.gain_count = 1;
  wanted.map = &input;
  BAD(FEWTAP_BAD_ARGUMENT, "no map", fewtap_pullback(plan, NULL, &image, &c, &wanted, NULL, e));
  wanted.map = NULL;
  fewtap_image wrong = c;
  wrong.channels = 1;
  BAD(FEWTAP_BAD_SHAPE, "must be alike", fewtap_pullback(plan, NULL, &image, &wrong, &wanted, NULL, e));
  wanted.input = &wrong;
  BAD(FEWTAP_BAD_SHAPE, "of 1 channels", fewtap_pullback(plan, NULL, &image, &c, &wanted, NULL, e));
  wanted.input = NULL;
  BAD(FEWTAP_UNSUPPORTED, "float64", fewtap_pullback(plan, NULL, &image, &single_c, &wanted, NULL, e));
  set(&c, 4, 3, 1, NAN);
  BAD(FEWTAP_NON_FINITE, "column 4, row 3", fewtap_pullback(plan, NULL, &image, &c, &wanted, NULL, e));
  fill(&c, 2);
  watcher own = {0, 1, pthread_self()};
  fewtap_apply_options stopped = {.size = sizeof stopped, .progress = watch, .progress_context = &own};
  BAD(FEWTAP_CANCELLED, "cancelled", fewtap_pullback(plan, NULL, &image, &c, &wanted, &stopped, e));
  fewtap_plan_free(plan);

  // A basis by hand: its map, of parameters or of weights, and the taps of both of its filters.
  for (int index = 0; index < 5; index++) weight[index] *= 0.5;
  fewtap_filter *other = NULL;
  GOOD(fewtap_filter_create(&parts, &other, e));
  const fewtap_filter *const members[] = {filter, other};
  fewtap_axis axis = {"share", NULL};
  int64_t two = 2;
  double knots[] = {0, 4}, taps[10], gains[2];
  const char *const operators[] = {"outputs", "offsets", "outputs"};
  for (int index = 0; index < 3; index++) {
    int64_t planes = index == 2 ? 2 : 1;
    fewtap_status (*make_map)(const fewtap_image *, fewtap_map **, fewtap_error *) =
        index == 2 ? fewtap_map_weights : fewtap_map_parameters;
    fewtap_image values = new_image(13, 11, planes, FEWTAP_FLOAT64), slopes = new_image(13, 11, planes, FEWTAP_FLOAT64);
    fill(&values, 3);
    fewtap_basis *basis = NULL;
    fewtap_map *map = NULL;
    GOOD(fewtap_basis_create(operators[index], &axis, 1, &two, knots, NULL, members, 2, &basis, e));
    GOOD(fewtap_plan_create_varying(basis, 13, &plan, e));
    GOOD(make_map(&values, &map, e));
    fewtap_gradients all = {.size = sizeof all,
                            .map = &slopes,
                            .weight = taps,
                            .tap_count = 10,
                            .gain = gains,
                            .gain_count = 2};
    GOOD(fewtap_pullback(plan, map, &image, &c, &all, NULL, e));
    // In binary64 a step of the map's values is not lost to rounding.
    double step = 1e-6, sides[2];
    for (int side = 0; side < 2; side++) {
      double value = get(&values, 6, 5, 0);
      set(&values, 6, 5, 0, value + (side == 0 ? -step : step));
      fewtap_map *moved = NULL;
      GOOD(make_map(&values, &moved, e));
      sides[side] = loss(plan, moved, &image, &c, NULL);
      fewtap_map_free(moved);
      set(&values, 6, 5, 0, value);
    }
    REQUIRE(fabs((sides[1] - sides[0]) / (2 * step) - get(&slopes, 6, 5, 0)) < 1e-6);
    // All gains together scale the result.
    double total = loss(plan, map, &image, &c, NULL), sum = 1.5 * (gains[0] + gains[1]);
    REQUIRE(fabs(total - sum) < 1e-9 * fabs(total));

    double fast[10];
    fewtap_image fast_slopes = new_image(13, 11, planes, FEWTAP_FLOAT32);
    fewtap_gradients few = {.size = sizeof few, .map = &fast_slopes, .weight = fast, .tap_count = 10};
    GOOD(fewtap_pullback(plan, map, &single, &single_c, &few, NULL, e));
    REQUIRE(fabs(get(&fast_slopes, 6, 5, 0) - get(&slopes, 6, 5, 0)) < 1e-4);
    for (int tap = 0; tap < 10; tap++) REQUIRE(fabs(fast[tap] - taps[tap]) < 1e-4 * (1 + fabs(taps[tap])));
    free(fast_slopes.data);
    fewtap_image others = new_image(13, 11, 3 - planes, FEWTAP_FLOAT64);
    BAD(FEWTAP_BAD_SHAPE, index == 2 ? "13x11 of 1" : "13x11 of 2",
        (all.map = &others, fewtap_pullback(plan, map, &image, &c, &all, NULL, e)));
    free(others.data);
    free(values.data);
    free(slopes.data);
    fewtap_map_free(map);
    fewtap_plan_free(plan);
    fewtap_basis_free(basis);
  }
  fewtap_filter_free(filter);
  fewtap_filter_free(other);
  free(image.data);
  free(c.data);
  free(single.data);
  free(single_c.data);
  free(adjoint.data);
  free(input.data);
}

// MARK: Threads and time

typedef struct {
  const fewtap_plan *plan;
  const fewtap_image *input;
  fewtap_image output;
} job;

static void *run_job(void *context) {
  job *own = context;
  for (int round = 0; round < 20; round++) GOOD(fewtap_apply(own->plan, NULL, own->input, &own->output, NULL, e));
  return NULL;
}

// One plan in several threads, and freed while they run.
static void threads(void) {
  fewtap_filter *filter = small_filter();
  fewtap_plan *plan = NULL, *shared = NULL;
  GOOD(fewtap_plan_create(filter, 64, &plan, e));
  GOOD(fewtap_plan_create(filter, 64, &shared, e));
  fewtap_image input = new_image(64, 64, 1, FEWTAP_FLOAT32), expected = new_image(64, 64, 1, FEWTAP_FLOAT32);
  fill(&input, 5);
  GOOD(fewtap_apply(plan, NULL, &input, &expected, NULL, e));
  pthread_t workers[4];
  job jobs[4];
  for (int index = 0; index < 4; index++) {
    jobs[index] = (job){shared, &input, new_image(64, 64, 1, FEWTAP_FLOAT32)};
    REQUIRE(pthread_create(&workers[index], NULL, run_job, &jobs[index]) == 0);
  }
  fewtap_filter_free(filter);
  for (int index = 0; index < 4; index++) {
    REQUIRE(pthread_join(workers[index], NULL) == 0);
    REQUIRE(memcmp(jobs[index].output.data, expected.data, 64 * 64 * 4) == 0);
    free(jobs[index].output.data);
  }
  fewtap_plan_free(shared);

  // A process that was forked goes on, with a progress function, too.
  watcher own = {0, 1 << 30, pthread_self()};
  fewtap_apply_options options = {.size = sizeof options, .progress = watch, .progress_context = &own};
  fewtap_image output = new_image(64, 64, 1, FEWTAP_FLOAT32);
  GOOD(fewtap_apply(plan, NULL, &input, &output, &options, e));
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(60);
    own.thread = pthread_self();
    GOOD(fewtap_apply(plan, NULL, &input, &output, &options, e));
    _exit(memcmp(output.data, expected.data, 64 * 64 * 4) == 0 ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child && status == 0);
  fewtap_plan_free(plan);
  free(input.data);
  free(output.data);
  free(expected.data);
}

static int64_t allocated(void) {
#ifdef HAS_ADDRESS_SANITIZER
  return (int64_t)__sanitizer_get_current_allocated_bytes();
#else
  return 0;
#endif
}

// A step of learning, and errors, over and over.
static void repeat(int rounds) {
  fewtap_image input = new_image(16, 16, 1, FEWTAP_FLOAT32), output = new_image(16, 16, 1, FEWTAP_FLOAT32);
  fill(&input, 6);
  fewtap_apply_options options = {.size = sizeof options, .threads = 1};
  int64_t before = 0;
  for (int round = 0; round < rounds; round++) {
    // What is made once has been made by then.
    if (round == rounds / 10) before = allocated();
    fewtap_filter *filter = small_filter();
    fewtap_plan *plan = NULL;
    GOOD(fewtap_plan_create(filter, 16, &plan, e));
    GOOD(fewtap_apply(plan, NULL, &input, &output, &options, e));
    fewtap_plan_free(plan);
    char *json = NULL;
    GOOD(fewtap_filter_to_json(filter, &json, NULL, e));
    fewtap_free(json);
    fewtap_filter_free(filter);
    fewtap_kernel *kernel = NULL;
    BAD(FEWTAP_BAD_FORMAT, "dosk", fewtap_kernel_parse("dosk", &kernel, e));
    BAD(FEWTAP_BAD_HANDLE, "freed", fewtap_apply(plan, NULL, &input, &output, NULL, e));
  }
  int64_t grown = allocated() - before;
  // Less than a byte a round: nothing is kept of any.
  if (grown >= rounds / 2) {
    fprintf(stderr, "%d rounds have left %lld bytes\n", rounds, (long long)grown);
    exit(1);
  }
  free(input.data);
  free(output.data);
}

int main(int count, char **arguments) {
  // A defect on purpose, for the script to see that the sanitizers are at work.
  if (count > 1) {
    double *values = calloc(9, sizeof *values);
    fewtap_kernel *kernel = NULL;
    if (strcmp(arguments[1], "overrun") == 0)
      return (int)fewtap_kernel_create(values, 1025, 1025, NULL, NULL, &kernel, NULL);
    if (strcmp(arguments[1], "leak") == 0) {
      free(values);
      char *name = NULL;
      GOOD(fewtap_kernel_get_name(parse("disk"), &name, e));
      name = NULL;
      return 0;
    }
    return 2;
  }
  REQUIRE(fewtap_abi_version() == FEWTAP_ABI_VERSION);
  REQUIRE(strlen(fewtap_version()) >= 5);
  kernels();
  filters();
  fits();
  plans();
  gradients();
  families();
  bases();
  threads();
  repeat(10000);
  REQUIRE(fewtap_handle_count() == 0);
  fewtap_free(NULL);
  puts("every function of fewtap.h was called, and 10,000 times nothing was left");
  return 0;
}
