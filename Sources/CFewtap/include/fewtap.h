/// fewtap for C, and for every language that can call C: sparse filters that stand for big blur kernels.
///
/// A kernel is fitted once (`fewtap_fit`), which gives a sparse filter; a plan makes the filter ready for images of one width
/// (`fewtap_plan_create`); `fewtap_apply` runs it over pixels in memory of your own. A basis is a family of filters of which
/// every pixel gets its own, by a map.
///
/// Calls     answer a status. Where it is not FEWTAP_OK, `error` (which may be NULL) holds a sentence that says what was wrong, where,
///           and what would be right; results that the call would have given are NULL or untouched. No call ends the process or
///           throws. NULL for an argument that is needed is FEWTAP_BAD_ARGUMENT.
/// Handles   are opaque and never change: make, use, free. They are checked: one that was freed, or is of another kind, is
///           FEWTAP_BAD_HANDLE, not a crash. A call takes what it needs from a handle, so that a filter may be freed while its
///           plan lives on, and a plan while it runs in another thread. Every handle is freed once, by the function of its kind;
///           freeing NULL, or one that is freed already, does nothing.
/// Threads   Every function may be called from any thread at any time; handles may be shared among threads. Work uses as many threads as
///           `threads` says, and with a progress function one more; a process that was forked may go on with the library, on one
///           thread and that one.
/// Structs   that may grow begin with their `size`: set it to `sizeof` and all else that you do not set to 0, which stands for the
///           default everywhere.
/// Text      is UTF-8 and ends with a 0. Text and arrays that a call makes are freed with `fewtap_free`.
/// Units     Offsets and sizes in pixels, x to the right and y down; strides in bytes; light is linear, its full scale 1.
#ifndef FEWTAP_H
#define FEWTAP_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What this header was written for. A library of another ABI version must not be called.
#define FEWTAP_ABI_VERSION 1

/// The ABI version of the library: compare it with FEWTAP_ABI_VERSION.
int32_t fewtap_abi_version(void);
/// The version of the library, for example "0.7.0"; not to be freed.
const char *fewtap_version(void);

// MARK: Errors

/// What came of a call.
typedef enum fewtap_status {
  /// All is well.
  FEWTAP_OK = 0,
  /// A value is out of range, options contradict each other, or a pointer is NULL.
  FEWTAP_BAD_ARGUMENT = 1,
  /// Sizes, counts or strides do not fit each other.
  FEWTAP_BAD_SHAPE = 2,
  /// A pixel, weight or parameter is NaN or infinite where it must be a number.
  FEWTAP_NON_FINITE = 3,
  /// A handle was freed, or is of another kind.
  FEWTAP_BAD_HANDLE = 4,
  /// A text is not what it should be: a file's JSON, a specification.
  FEWTAP_BAD_FORMAT = 5,
  /// A file cannot be read or written.
  FEWTAP_FILE_ERROR = 6,
  /// Nothing reaches what is asked for.
  FEWTAP_NOT_REACHED = 7,
  /// What is asked for exists in theory, but not in this library.
  FEWTAP_UNSUPPORTED = 8,
  /// The progress function asked for an end.
  FEWTAP_CANCELLED = 9,
  /// More memory would be needed than there is, or than may be taken.
  FEWTAP_OUT_OF_MEMORY = 10,
  /// A defect of the library: please report its message.
  FEWTAP_INTERNAL = 11
} fewtap_status;

/// What went wrong; untouched by calls that succeed.
typedef struct fewtap_error {
  /// What the call returned.
  fewtap_status status;
  /// A sentence for people, cut off where it would be longer.
  char message[1020];
} fewtap_error;

/// Frees text and arrays that a call made. NULL is fine.
void fewtap_free(void *memory);

/// How many handles of all kinds are not freed yet: for tests of leaks.
int64_t fewtap_handle_count(void);

// MARK: Handles

/// A dense kernel with a center: what a filter shall do.
typedef struct fewtap_kernel fewtap_kernel;
/// Kernels that change with parameters.
typedef struct fewtap_family fewtap_family;
/// A sparse filter: layers of taps that run one after the other.
typedef struct fewtap_filter fewtap_filter;
/// Filters at the knots of a grid of parameters, and what is between them.
typedef struct fewtap_basis fewtap_basis;
/// The parameters of every pixel of an image, or its weights.
typedef struct fewtap_map fewtap_map;
/// A filter or basis made ready for images of one width.
typedef struct fewtap_plan fewtap_plan;

/// Each frees one handle.
void fewtap_kernel_free(fewtap_kernel *kernel);
void fewtap_family_free(fewtap_family *family);
void fewtap_filter_free(fewtap_filter *filter);
void fewtap_basis_free(fewtap_basis *basis);
void fewtap_map_free(fewtap_map *map);
void fewtap_plan_free(fewtap_plan *plan);

// MARK: Progress

/// How far something is.
typedef struct fewtap_progress {
  /// `sizeof` of the library's struct: fields beyond it are not there.
  uint32_t size;
  /// 0...1; negative while nobody knows.
  double fraction;
  /// What is being done, a few words; belongs to the library.
  const char *stage;
  /// Steps done, and steps that there will be; 0 while nobody knows.
  int64_t completed, total;
  /// PSNR on photographs of the best so far, dB; of a basis, at its worst place. NaN while there is none.
  double photo_psnr;
  /// `|K - T|_2 / |T|_2` of the best so far; NaN while there is none, and for a basis.
  double relative_error;
} fewtap_progress;

/// Told how far something is, and asked whether to go on: 0 goes on, anything else cancels.
///
/// It is called on the thread that made the call, some 20 times a second for as long as that works, whether or not there is news: a
/// program may look there whether its user wants to stop. The work itself is on other threads meanwhile.
typedef int32_t (*fewtap_progress_function)(const fewtap_progress *progress, void *context);

// MARK: Kernels

/// A kernel of given weights; we convolve, so that a point of light spreads as the kernel looks.
///
/// Shapes: values: [height][width], rows one after the other.
///         center: column and row of offset 0; NULL for the middle of odd sizes. Even sizes need one.
///         Sides of at most 1025.
fewtap_status fewtap_kernel_create(const double *values, int64_t width, int64_t height, const int64_t center[2],
                                   const char *name, fewtap_kernel **kernel, fewtap_error *error);

/// A kernel in words: a name and parameters, such as `disk:radius=20`, `heart:size=49`, `gaussian:sigma=3`.
fewtap_status fewtap_kernel_parse(const char *specification, fewtap_kernel **kernel, fewtap_error *error);

/// What a kernel is.
typedef struct fewtap_kernel_info {
  uint32_t size;
  int64_t width, height;
  /// Column and row of offset 0.
  int64_t center_x, center_y;
  /// Sum of the weights, and of their magnitudes.
  double sum, absolute_sum;
  /// Largest distance of a nonzero weight from the center along either axis.
  int64_t radius;
  /// How many weights are not zero.
  int64_t support_count;
  /// SHA-256 of size, center and weights, hexadecimal: the same for the same kernel, whatever its name.
  char sha256[65];
} fewtap_kernel_info;

fewtap_status fewtap_kernel_get_info(const fewtap_kernel *kernel, fewtap_kernel_info *info, fewtap_error *error);
/// Copies the weights out. `count` is how many there is room for: width * height exactly.
fewtap_status fewtap_kernel_get_values(const fewtap_kernel *kernel, double *values, int64_t count, fewtap_error *error);
/// What it is called, as new text.
fewtap_status fewtap_kernel_get_name(const fewtap_kernel *kernel, char **name, fewtap_error *error);

// MARK: Filters

/// How taps read between pixels.
typedef enum fewtap_tap_model {
  /// Offsets are whole pixels.
  FEWTAP_TAPS_INTEGER = 0,
  /// Offsets are any, read bilinearly.
  FEWTAP_TAPS_BILINEAR = 1
} fewtap_tap_model;

/// What a filter is made of.
typedef struct fewtap_filter_parts {
  uint32_t size;
  fewtap_tap_model tap_model;
  /// Layers, first layer first, 1 to 64.
  int64_t layer_count;
  /// [layer_count]: the taps of each.
  const int64_t *tap_counts;
  /// [sum of tap_counts] each: offsets (of the lower rate's pixels, if there is one) and weights, one layer's after the other's.
  const double *x, *y, *weight;
  /// Pixels along each axis for one pixel of the lower rate that the layers run at, 2 to 64; 0 or 1: the image's own rate.
  int32_t rate_factor;
  /// B-splines before and after, at a lower rate: degree 1, 2 or 3; 0 stands for 2.
  int32_t prefilter_degree, interpolator_degree;
  /// Factor on the chain's result. Unlike elsewhere, 0 is 0.
  double gain;
} fewtap_filter_parts;

/// A filter of given parts. Cheap: taps are copied and checked, so that a step of learning may make a new one.
fewtap_status fewtap_filter_create(const fewtap_filter_parts *parts, fewtap_filter **filter, fewtap_error *error);

/// What a filter is, and how it was fitted.
typedef struct fewtap_filter_info {
  uint32_t size;
  fewtap_tap_model tap_model;
  int64_t layer_count, tap_count;
  /// 1 at the image's own rate; degrees are 0 then.
  int32_t rate_factor, prefilter_degree, interpolator_degree;
  double gain;
  /// Sum of the effective kernel: what a constant 1 becomes. Product of the layers' sums of weights' magnitudes.
  double sum, noise_gain;
  /// Offsets that it can touch, in pixels of the image: pixel p of the result reads the pixels p - offset.
  int64_t min_x, max_x, min_y, max_y;
  /// 1 if it was fitted; what follows is 0 else.
  int32_t has_fit;
  /// As the fit recorded them: `|K - T|_2 / |T|_2`; PSNR on photographs, dB, mean and worst; largest distance of a phase's kernel
  /// from their mean, 0 at the image's own rate.
  double relative_error, photo_psnr, worst_photo_psnr, flicker;
  uint64_t seed;
  /// "photo", ...; "fewtap", "paper" or "planner"; "normal", ...; "completed", "cancelled" or "timeLimit".
  char objective[16], recipe[16], effort[16], termination[16];
} fewtap_filter_info;

fewtap_status fewtap_filter_get_info(const fewtap_filter *filter, fewtap_filter_info *info, fewtap_error *error);
/// Copies the taps out, in the order of `fewtap_filter_parts`. The counts are how many there is room for: exactly the layers and
/// taps that the info tells. Arrays that are not wanted may be NULL.
fewtap_status fewtap_filter_get_taps(const fewtap_filter *filter, int64_t *tap_counts, int64_t layer_count, double *x,
                                     double *y, double *weight, int64_t tap_count, fewtap_error *error);
/// The dense kernel that the filter stands for, as it really is; at a lower rate the mean over all phases.
fewtap_status fewtap_filter_get_kernel(const fewtap_filter *filter, fewtap_kernel **kernel, fewtap_error *error);

/// Reads a filter's JSON, of `length` bytes.
fewtap_status fewtap_filter_from_json(const char *json, int64_t length, fewtap_filter **filter, fewtap_error *error);
/// Writes it, as new text; `length` (may be NULL) is without the 0 at its end.
fewtap_status fewtap_filter_to_json(const fewtap_filter *filter, char **json, int64_t *length, fewtap_error *error);
/// The same from and to a file.
fewtap_status fewtap_filter_load(const char *path, fewtap_filter **filter, fewtap_error *error);
fewtap_status fewtap_filter_save(const fewtap_filter *filter, const char *path, fewtap_error *error);

/// How good a filter is as a kernel.
typedef struct fewtap_accuracy {
  uint32_t size;
  /// As in `fewtap_filter_info`.
  double relative_error, photo_psnr, worst_photo_psnr, flicker;
} fewtap_accuracy;

/// Measures a filter against any kernel.
fewtap_status fewtap_filter_get_accuracy(const fewtap_filter *filter, const fewtap_kernel *kernel,
                                         fewtap_accuracy *accuracy, fewtap_error *error);

// MARK: Fits

/// What a fit may use. Texts may be NULL for their defaults.
typedef struct fewtap_fit_options {
  uint32_t size;
  /// Taps in all; 0: 96. The fit finds the layers, unless there is a layout.
  int32_t taps;
  /// The layers: "24x4", "76,8,6,6", "17r4,4r4"; or "dense" for all taps at a lower rate.
  const char *layout;
  fewtap_tap_model tap_model;
  /// "photo", "balanced", "highlights" or "charbonnier".
  const char *objective;
  /// "fewtap", or "paper" for the paper's own.
  const char *recipe;
  /// "mass", "sparse", "radial" or "random".
  const char *guess;
  /// "fast", "normal" or "thorough".
  const char *effort;
  /// Instead of an effort: as much as fits into so many seconds.
  double seconds;
  /// 0: 1.
  uint64_t seed;
  /// Pixels along each axis for one of a lower rate; 0 or 1: the image's own rate. B-splines as in `fewtap_filter_parts`.
  int32_t rate_factor, prefilter_degree, interpolator_degree;
  /// Largest noise gain; 0: no bound.
  double maximum_noise_gain;
  /// 1: no weight may be negative.
  int32_t nonnegative;
  /// Bits of the place between two pixels that bilinear taps are rounded to, 1 to 16; 0: they are not.
  int32_t fraction_bits;
  /// Threads; 0: all cores. The result does not depend on it.
  int32_t threads;
} fewtap_fit_options;

/// Fits a filter to a kernel. `options`, `progress` and `context` may be NULL.
///
/// Cost:   a second or so for 96 taps; the same seed gives the same filter, to the bit.
/// Cancel: the status is FEWTAP_CANCELLED then, and `filter` is the best so far, to be freed, or NULL where there is none.
fewtap_status fewtap_fit(const fewtap_kernel *kernel, const fewtap_fit_options *options,
                         fewtap_progress_function progress, void *context, fewtap_filter **filter, fewtap_error *error);

/// What a planner is asked for: the cheapest filter of an error, or the best of a cost.
typedef struct fewtap_planner_options {
  uint32_t size;
  /// At least so many dB on photographs; 0: 60, unless there is a cost.
  double error;
  /// Instead: at most so many milliseconds a megapixel and channel, by the built-in table.
  double cost;
  /// 1: a shift of the image must shift the result alike.
  int32_t exact_shift;
  /// 1: a point of light may change its look little.
  int32_t clean_highlights;
  /// 1: search at length, up to half a minute.
  int32_t thorough;
  /// 0: 1.
  uint64_t seed;
  /// Threads; 0: all cores. The result does not depend on it.
  int32_t threads;
} fewtap_planner_options;

/// Chooses rate, layers and taps for a kernel: "50 dB, as cheap as possible". `options`, `progress` and `context` may be NULL.
///
/// Cost:   half a second for radii to 25, a few seconds for 128.
/// Cancel: as `fewtap_fit`.
fewtap_status fewtap_fit_planned(const fewtap_kernel *kernel, const fewtap_planner_options *options,
                                 fewtap_progress_function progress, void *context, fewtap_filter **filter,
                                 fewtap_error *error);

// MARK: Images

/// How a sample is stored.
typedef enum fewtap_type {
  /// Codes 0...255 of 0...1.
  FEWTAP_UINT8 = 1,
  /// Codes 0...65535 of 0...1.
  FEWTAP_UINT16 = 2,
  /// IEEE binary16.
  FEWTAP_FLOAT16 = 3,
  /// IEEE binary32; what filters compute in.
  FEWTAP_FLOAT32 = 4,
  /// IEEE binary64: runs the slow reference, in binary64 from end to end. Linear light without alpha, and both images.
  FEWTAP_FLOAT64 = 5
} fewtap_type;

/// How stored colors stand for light.
typedef enum fewtap_transfer {
  /// As they are.
  FEWTAP_LINEAR = 0,
  /// By the curve of sRGB (IEC 61966-2-1).
  FEWTAP_SRGB = 1
} fewtap_transfer;

/// An image in memory of the caller, planar, interleaved, or anything that strides describe.
///
/// Sample (x, y, channel) lies at `data + y * row_stride + x * pixel_stride + channel * channel_stride`. Strides are multiples of a
/// sample's size and may be negative; no two samples may overlap. Bytes between samples are never touched. Channels are filtered
/// alike, so that a stack of images may come as channels.
typedef struct fewtap_image {
  /// Sample (0, 0, 0), aligned to its size. Inputs are only read.
  void *data;
  int64_t width, height, channels;
  /// In bytes: to the right neighbor, to the row below, to the next channel. That of an axis of length 1 does not matter.
  int64_t pixel_stride, row_stride, channel_stride;
  fewtap_type type;
  fewtap_transfer transfer;
  /// 1 if channel `alpha_index` is alpha: colors are filtered multiplied by it then, and divided again.
  int32_t has_alpha, alpha_index;
  /// 1 if the stored colors are multiplied by alpha already.
  int32_t alpha_is_associated;
} fewtap_image;

// MARK: Plans

/// A plan that runs a filter on images of `width` columns. Cheap: far below a millisecond.
fewtap_status fewtap_plan_create(const fewtap_filter *filter, int64_t width, fewtap_plan **plan, fewtap_error *error);

/// A plan that runs a basis on images of `width` columns, by a map.
fewtap_status fewtap_plan_create_varying(const fewtap_basis *basis, int64_t width, fewtap_plan **plan,
                                         fewtap_error *error);

/// What a plan is, and what it reads.
typedef struct fewtap_plan_info {
  uint32_t size;
  int64_t width;
  /// 1 if it runs a basis, by a map.
  int32_t is_varying;
  /// Pixels that a pixel of the result reads at most, on each side of its own: the halo of a tile.
  int64_t left, right, above, below;
  /// A tile of an image gives the same pixels as the whole, to the bit, if its first column and row are multiples of this, and its size,
  /// too, where it ends before the image does.
  int64_t alignment;
} fewtap_plan_info;

fewtap_status fewtap_plan_get_info(const fewtap_plan *plan, fewtap_plan_info *info, fewtap_error *error);

/// What stands outside the image.
typedef enum fewtap_border {
  /// The nearest pixel: `a a | a b c | c c`.
  FEWTAP_BORDER_CLAMP = 0,
  /// Mirrored about the outermost pixel: `c b | a b c | b a`.
  FEWTAP_BORDER_MIRROR = 1,
  /// Periodic: `b c | a b c | a b`.
  FEWTAP_BORDER_WRAP = 2,
  /// `border_value` for every channel.
  FEWTAP_BORDER_CONSTANT = 3,
  /// Nothing: a mean over the pixels that exist.
  FEWTAP_BORDER_NORMALIZED = 4
} fewtap_border;

/// What to do with NaN and infinite pixels.
typedef enum fewtap_nonfinite {
  /// FEWTAP_NON_FINITE, which names the first.
  FEWTAP_NONFINITE_REFUSE = 0,
  /// Filter them as 0.
  FEWTAP_NONFINITE_ZERO = 1,
  /// Filter them as they are.
  FEWTAP_NONFINITE_KEEP = 2
} fewtap_nonfinite;

/// Whose filter counts where filters vary.
typedef enum fewtap_direction {
  /// Each pixel of the result collects by its own filter.
  FEWTAP_GATHER = 0,
  /// Each pixel of the image spreads by its own filter.
  FEWTAP_SCATTER = 1
} fewtap_direction;

/// How to apply a plan.
typedef struct fewtap_apply_options {
  uint32_t size;
  fewtap_border border;
  /// For FEWTAP_BORDER_CONSTANT.
  float border_value;
  fewtap_nonfinite nonfinite;
  /// For plans of a basis.
  fewtap_direction direction;
  /// Threads; 0: all cores. The result does not depend on it, to the bit.
  int32_t threads;
  /// 1: rows between layers may be kept in half floats where that is faster.
  int32_t allows_halfs;
  /// Told the finished fraction, and may cancel; NULL: runs on the calling thread and nobody is told.
  fewtap_progress_function progress;
  void *progress_context;
} fewtap_apply_options;

/// Filters `input` into `output`.
///
/// Shapes:   both of the plan's width and of the same height and channels; types and transfer functions may differ. No byte of the
///           output may belong to the input.
///           map: NULL for plans of a filter, needed for those of a basis, as large as the image.
/// Accuracy: in binary32; result codes of integers are the nearest, clamped to their range.
/// Cancel:   the output is half written then.
fewtap_status fewtap_apply(const fewtap_plan *plan, const fewtap_map *map, const fewtap_image *input,
                           const fewtap_image *output, const fewtap_apply_options *options, fewtap_error *error);

/// Applies the adjoint of `fewtap_apply` as a linear map A of each channel: `<A x, y> = <x, A^T y>`. `input` is y, `output` A^T y: the
/// gradient with respect to the input image where y is that of the result.
///
/// Shapes: as `fewtap_apply`; linear light, without alpha. A border's constant, which is no part of x, counts as 0.
fewtap_status fewtap_apply_adjoint(const fewtap_plan *plan, const fewtap_map *map, const fewtap_image *input,
                                   const fewtap_image *output, const fewtap_apply_options *options,
                                   fewtap_error *error);

/// Where the gradients of a loss go; NULL for those that are not wanted, which cost nothing then.
typedef struct fewtap_gradients {
  uint32_t size;
  /// With respect to the input image, in an image of its size and channels: what `fewtap_apply_adjoint` gives.
  const fewtap_image *input;
  /// [tap_count] each: with respect to the taps' offsets and weights, in the order of `fewtap_filter_get_taps`; of a basis those of
  /// all its filters, one filter's after the other's. Offsets of integer taps cannot move: 0.
  double *x, *y, *weight;
  int64_t tap_count;
  /// [gain_count]: with respect to the gain; of a basis those of all its filters.
  double *gain;
  int64_t gain_count;
  /// With respect to the values of the map, in an image of its size with a channel a parameter, or a weight.
  const fewtap_image *map;
} fewtap_gradients;

/// The pullback of `fewtap_apply`: the gradients of a loss with respect to all that the result is made of, from `cotangent`, its gradient with
/// respect to the result at `input`. Channels add up in all of them but that of the input.
///
/// Shapes: input and cotangent as in `fewtap_apply`; float32, or float64 both, linear light without alpha. Images of gradients are float32 or
///         float64.
/// Sides:  where a bilinear tap's offset is whole, that of an offset that grows; where a map's value is a knot's, that towards the
///         next one. Values of the map outside of the knots have no influence: 0.
fewtap_status fewtap_pullback(const fewtap_plan *plan, const fewtap_map *map, const fewtap_image *input,
                              const fewtap_image *cotangent, const fewtap_gradients *gradients,
                              const fewtap_apply_options *options, fewtap_error *error);

// MARK: Families and bases

/// A parameter that kernels change with.
typedef struct fewtap_axis {
  const char *name;
  /// "px", "degrees"; NULL for a number without one.
  const char *unit;
} fewtap_axis;

/// A family in words: a kernel's specification with ranges, such as `disk:radius=0...24` or `motion:length=1...24,angle=0...180`.
fewtap_status fewtap_family_parse(const char *specification, fewtap_family **family, fewtap_error *error);

/// A family through kernels that stand on a grid of parameters, in any order, linear between them.
///
/// Shapes: kernels: [count]; axes: [axis_count], 1 to 4; points: [count][axis_count].
fewtap_status fewtap_family_measured(const fewtap_kernel *const *kernels, int64_t count, const fewtap_axis *axes,
                                     int64_t axis_count, const double *points, const char *name,
                                     fewtap_family **family, fewtap_error *error);

/// The kernel at a point of the parameters; `count` is how many there are.
fewtap_status fewtap_family_get_kernel(const fewtap_family *family, const double *point, int64_t count,
                                       fewtap_kernel **kernel, fewtap_error *error);

/// What a fit of a basis may use.
typedef struct fewtap_basis_options {
  uint32_t size;
  /// What is interpolated between the knots: "outputs" of filters (NULL: this one), or "offsets" of taps.
  const char *interpolation;
  /// [knot_count]: knots along each parameter; NULL: as many as the error asks for.
  const int64_t *knots;
  int64_t knot_count;
  /// dB on photographs at the worst place between the knots; 0: 60, unless knots are given.
  double error;
  /// Taps and layers of a filter, of "offsets"; 0: 96, and as many as are best.
  int32_t taps, layers;
  /// How taps change, of "offsets": "knots" (NULL: this one), "series" or "auto"; and functions of each parameter of a series.
  const char *tracks;
  const int64_t *terms;
  int64_t term_count;
  /// As in `fewtap_fit_options`.
  const char *objective, *recipe;
  /// 0: 1.
  uint64_t seed;
  /// Threads; 0: all cores. The result does not depend on it.
  int32_t threads;
} fewtap_basis_options;

/// Fits a basis to a family. `options`, `progress` and `context` may be NULL.
///
/// Cost:   seconds to minutes.
/// Cancel: as `fewtap_fit`.
fewtap_status fewtap_basis_fit(const fewtap_family *family, const fewtap_basis_options *options,
                               fewtap_progress_function progress, void *context, fewtap_basis **basis,
                               fewtap_error *error);

/// Fits each of two kernels or more for itself: a basis for maps of weights (`fewtap_map_weights`), of as many planes as kernels.
///
/// Cancel: as `fewtap_fit`.
fewtap_status fewtap_basis_fit_each(const fewtap_kernel *const *kernels, int64_t count,
                                    const fewtap_planner_options *options, fewtap_progress_function progress,
                                    void *context, fewtap_basis **basis, fewtap_error *error);

/// The basis of given filters: those at the knots of a grid, of which the last axis' follow one another.
///
/// Shapes: axes: [axis_count]; knot_counts: [axis_count]; knots: [sum of knot_counts], ascending along each axis;
///         is_periodic: [axis_count], NULL for none; filters: [product of knot_counts].
fewtap_status fewtap_basis_create(const char *interpolation, const fewtap_axis *axes, int64_t axis_count,
                                  const int64_t *knot_counts, const double *knots, const int32_t *is_periodic,
                                  const fewtap_filter *const *filters, int64_t filter_count, fewtap_basis **basis,
                                  fewtap_error *error);

/// The basis of other filters at the same knots, cheap enough for a training step: without a record of a fit, and without the series that
/// taps may have followed.
///
/// Shapes: filters: [filter_count], as many as the basis has, in its order; those at the ends of a periodic axis alike.
fewtap_status fewtap_basis_with_filters(const fewtap_basis *basis, const fewtap_filter *const *filters,
                                        int64_t filter_count, fewtap_basis **changed, fewtap_error *error);

/// What a basis is, and how it was fitted.
typedef struct fewtap_basis_info {
  uint32_t size;
  int64_t axis_count, filter_count;
  /// "outputs" or "offsets".
  char interpolation[16];
  /// Offsets that it can touch, as in `fewtap_filter_info`.
  int64_t min_x, max_x, min_y, max_y;
  /// 1 if it was fitted; what follows is 0 else.
  int32_t has_fit;
  /// PSNR on photographs between the knots, dB, mean and worst; largest relative error; largest noise gain.
  double photo_psnr, worst_photo_psnr, relative_error, noise_gain;
  uint64_t seed;
  char objective[16], recipe[16], termination[16];
} fewtap_basis_info;

/// One of its parameters.
typedef struct fewtap_axis_info {
  uint32_t size;
  int64_t knot_count;
  /// The values that it was made for.
  double low, high;
  /// 1 if values beyond come around again.
  int32_t is_periodic;
  /// Cut off where they would be longer.
  char name[64], unit[16];
} fewtap_axis_info;

fewtap_status fewtap_basis_get_info(const fewtap_basis *basis, fewtap_basis_info *info, fewtap_error *error);
fewtap_status fewtap_basis_get_axis(const fewtap_basis *basis, int64_t axis, fewtap_axis_info *info,
                                    fewtap_error *error);
/// Copies an axis' knots out; `count` is how many there is room for: exactly its knots.
fewtap_status fewtap_basis_get_knots(const fewtap_basis *basis, int64_t axis, double *knots, int64_t count,
                                     fewtap_error *error);
/// The filter of knot `index`, 0 to filter_count - 1.
fewtap_status fewtap_basis_get_filter(const fewtap_basis *basis, int64_t index, fewtap_filter **filter,
                                      fewtap_error *error);
/// The filter that stands at a point of the parameters, of a basis of "offsets".
fewtap_status fewtap_basis_get_filter_at(const fewtap_basis *basis, const double *point, int64_t count,
                                         fewtap_filter **filter, fewtap_error *error);
/// Which filters have a weight at a point of the parameters, and which: [filter_count] numbers, which sum to 1.
fewtap_status fewtap_basis_get_mixture(const fewtap_basis *basis, const double *point, int64_t point_count,
                                       double *weights, int64_t weight_count, fewtap_error *error);

fewtap_status fewtap_basis_from_json(const char *json, int64_t length, fewtap_basis **basis, fewtap_error *error);
fewtap_status fewtap_basis_to_json(const fewtap_basis *basis, char **json, int64_t *length, fewtap_error *error);
fewtap_status fewtap_basis_load(const char *path, fewtap_basis **basis, fewtap_error *error);
fewtap_status fewtap_basis_save(const fewtap_basis *basis, const char *path, fewtap_error *error);

// MARK: Maps

/// Where a parameter's values come from.
typedef enum fewtap_map_kind {
  /// `value` everywhere.
  FEWTAP_MAP_CONSTANT = 0,
  /// The numbers of `plane`: of any size, which is sampled.
  FEWTAP_MAP_PLANE = 1,
  /// A ramp on both sides of a line through the center at `angle`: tilt-shift.
  FEWTAP_MAP_RAMP = 2,
  /// A ramp by the distance from the center.
  FEWTAP_MAP_RADIAL = 3,
  /// The place in the field.
  FEWTAP_MAP_FIELD = 4
} fewtap_map_kind;

/// A length or a place: so many pixels, or a share. Places' shares are of a side, from edge to edge; a ramp's lengths' are of the
/// height, a radial one's of half the diagonal.
typedef struct fewtap_length {
  double value;
  int32_t is_share;
} fewtap_length;

/// The values of one parameter.
typedef struct fewtap_map_source {
  uint32_t size;
  fewtap_map_kind kind;
  /// FEWTAP_MAP_CONSTANT.
  double value;
  /// FEWTAP_MAP_PLANE: an image of one channel, float32 or float64, copied. 1 in `nearest`: no interpolation where it is sampled; in
  /// `stretches`: its shape may differ from the image's. `period`: the way around of values that come around (360), 0 for others.
  const fewtap_image *plane;
  int32_t nearest, stretches;
  double period;
  /// FEWTAP_MAP_RAMP and FEWTAP_MAP_RADIAL: `low` up to a distance of `start`, `high` from `start + rise` on; `exponent` 0 is 1.
  double low, high;
  fewtap_length start, rise;
  double exponent;
  /// Degrees, counterclockwise from the right.
  double angle;
  /// 1: `center_x` and `center_y` are the center of a ramp, radial or field; 0: the middle is.
  int32_t has_center;
  fewtap_length center_x, center_y;
  /// FEWTAP_MAP_FIELD: "x", "y" (-1 to 1), "column", "row", "radius" (1: half the diagonal) or "direction" (degrees).
  const char *field;
} fewtap_map_source;

/// The parameters of every pixel of an image, from sources, one for each parameter of the basis.
fewtap_status fewtap_map_create(int64_t width, int64_t height, const fewtap_map_source *sources, int64_t count,
                                fewtap_map **map, fewtap_error *error);

/// The parameters of every pixel from an array: a channel a parameter, float32 or float64, copied. The map is of its size. Where images are
/// float64, so are the values of a float64 array; else they are rounded to float32.
fewtap_status fewtap_map_parameters(const fewtap_image *planes, fewtap_map **map, fewtap_error *error);

/// Weights of a basis' filters at every pixel: a channel a filter, float32 or float64, copied; of any sign and sum.
///
/// Equation: gather `out = sum_k w_k F_k in`; scatter `out = sum_k F_k (w_k in)`.
fewtap_status fewtap_map_weights(const fewtap_image *weights, fewtap_map **map, fewtap_error *error);

/// What becomes of a pixel whose parameter is NaN.
typedef enum fewtap_map_nan {
  /// FEWTAP_NON_FINITE, which names the first.
  FEWTAP_MAP_NAN_REFUSE = 0,
  /// It gets the least value that the basis has.
  FEWTAP_MAP_NAN_LOW = 1,
  /// It gets the largest.
  FEWTAP_MAP_NAN_HIGH = 2
} fewtap_map_nan;

/// What a map holds of one parameter.
typedef struct fewtap_map_survey {
  /// Least and largest value; NaN if there is no number at all.
  double least, largest;
  /// Pixels outside of what the basis was made for, which get the nearest end; none of values that come around. Pixels that are NaN.
  int64_t outside_count, nan_count;
} fewtap_map_survey;

/// The map of parameters as a basis can use it, in memory, with NaN replaced and values clamped to the basis' ranges or wrapped into them;
/// and what was found on the way: `surveys` is [survey_count], one for each parameter, or NULL and 0.
///
/// `is_strict` 1 refuses values outside. Plans clamp and wrap by themselves, and refuse NaN.
fewtap_status fewtap_map_admit(const fewtap_map *map, const fewtap_basis *basis, fewtap_map_nan nan, int32_t is_strict,
                               fewtap_map_survey *surveys, int64_t survey_count, fewtap_map **admitted,
                               fewtap_error *error);

/// What a map is.
typedef struct fewtap_map_info {
  uint32_t size;
  int64_t width, height;
  /// Parameters, or weights, of a pixel.
  int64_t plane_count;
  /// 1 if they are weights.
  int32_t is_weights;
} fewtap_map_info;

fewtap_status fewtap_map_get_info(const fewtap_map *map, fewtap_map_info *info, fewtap_error *error);
/// Copies the map's values into an image of its size with a channel a plane, float32 or float64.
fewtap_status fewtap_map_get_values(const fewtap_map *map, const fewtap_image *planes, fewtap_error *error);

#ifdef __cplusplus
}
#endif

#endif
