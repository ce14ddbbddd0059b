// Calls every exported C function on sizes that leave remainders, in every instruction set that the processor has, with
// each buffer exactly as long as its header says. Scripts/check-sanitizers builds it with the address and
// undefined-behavior sanitizers, which end the program at the first read or write outside a buffer. Whether the results
// are right is the business of the Swift tests; here they only have to be finite, so that unwritten memory shows.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CFewtapGL.h"
#include "CFewtapKernels.h"
#include "CFewtapLAPACK.h"
#include "CFewtapMath.h"

#define REQUIRE(condition)                                                    \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

// A block of the heap per array, so that the sanitizer guards both of its ends. The start is moved by one element on
// every second call: rows may begin at any address. NaN shows what was never written.
static void *blocks[128];
static int block_count;

static void *new_block(size_t count, size_t size) {
  REQUIRE(block_count < 128);
  size_t shift = (size_t)(block_count % 2);
  char *block = malloc((count + shift) * size);
  REQUIRE(block);
  blocks[block_count++] = block;
  memset(block, 0xFF, (count + shift) * size);  // a NaN in either precision
  return block + shift * size;
}

static double *array(size_t count) { return new_block(count, sizeof(double)); }
static float *floats(size_t count) { return new_block(count, sizeof(float)); }

// Samples of any type, all zero: exactly so many bytes, at an address that fits them.
static void *samples(size_t count, size_t size) { return memset(new_block(count, size), 0, count * size); }

static double *filled(size_t count) {
  static uint64_t state = 1;
  double *values = array(count);
  for (size_t i = 0; i < count; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;  // Knuth's MMIX: seeded, so a failure repeats
    values[i] = (double)(state >> 11) * 0x1p-53 - 0.5;
  }
  return values;
}

static float *filled_floats(size_t count) {
  float *values = floats(count);
  for (size_t i = 0; i < count; i++) values[i] = (float)(i % 101) / 100;
  return values;
}

static int all_finite_floats(const float *values, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!isfinite(values[i])) return 0;
  return 1;
}

static void free_arrays(void) {
  while (block_count > 0) free(blocks[--block_count]);
}

static int all_finite(const double *values, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!isfinite(values[i])) return 0;
  return 1;
}

static void check_transforms(const fewtap_math *math, int n) {
  size_t plane_count = (size_t)n * (size_t)n, spectrum_count = (size_t)n * (size_t)fewtap_spectrum_stride(n);
  double *plan = array(fewtap_fft_plan_count(n)), *scratch = array(fewtap_fft_scratch_count(n));
  double *plane = filled(plane_count), *back = array(plane_count);
  double *re = array(spectrum_count), *im = array(spectrum_count);
  REQUIRE(math->fft_plan(n, plan) == FEWTAP_MATH_OK);
  REQUIRE(math->fft_forward(n, plan, plane, re, im, scratch) == FEWTAP_MATH_OK);
  REQUIRE(all_finite(re, spectrum_count) && all_finite(im, spectrum_count));
  REQUIRE(math->fft_inverse(n, plan, re, im, back, scratch) == FEWTAP_MATH_OK);
  REQUIRE(all_finite(back, plane_count));
  free_arrays();
}

static void check_products(const fewtap_math *math, size_t count) {
  double *a_re = filled(count), *a_im = filled(count), *b_re = filled(count), *b_im = filled(count), *w = filled(count);
  double *re = array(count), *im = array(count), sum = NAN;
  REQUIRE(math->multiply(count, a_re, a_im, b_re, b_im, re, im) == FEWTAP_MATH_OK);
  REQUIRE(all_finite(re, count) && all_finite(im, count));
  REQUIRE(math->multiply(count, a_re, a_im, b_re, b_im, a_re, a_im) == FEWTAP_MATH_OK);
  REQUIRE(math->multiply(count, a_re, a_im, b_re, b_im, b_re, b_im) == FEWTAP_MATH_OK);
  REQUIRE(math->conjugate_multiply(count, a_re, a_im, b_re, b_im, w, re, im) == FEWTAP_MATH_OK);
  REQUIRE(math->weighted_power(count, re, im, w, &sum) == FEWTAP_MATH_OK);
  REQUIRE(all_finite(re, count) && all_finite(im, count) && isfinite(sum));
  free_arrays();
}

static void check_symmetric(const fewtap_math *math, int n) {
  size_t count = (size_t)n;
  double *matrix = array(count * count), *v = filled(5 * count), *out = array(count);
  memset(matrix, 0, count * count * sizeof(double));
  for (int rank = 1; rank <= 5; rank++) REQUIRE(math->rank_update(n, matrix, rank, v, 2) == FEWTAP_MATH_OK);
  REQUIRE(math->symmetric_multiply(n, matrix, v, out) == FEWTAP_MATH_OK);
  REQUIRE(all_finite(matrix, count * count) && all_finite(out, count));
  REQUIRE(math->rank_update(0, matrix, 1, v, 2) == FEWTAP_MATH_BAD_ARGUMENT);
  REQUIRE(math->rank_update(n, matrix, 0, v, 2) == FEWTAP_MATH_BAD_ARGUMENT);
  REQUIRE(math->symmetric_multiply(n, matrix, NULL, out) == FEWTAP_MATH_BAD_ARGUMENT);
  free_arrays();
}

// Taps in the window's corners reach the ends of the table.
static void check_exchange(const fewtap_math *math, int width, int height, int run) {
  int side = 2 * (width > height ? width : height) - 1, stride = fewtap_exchange_stride(width);
  size_t plane = (size_t)stride * (size_t)height, planes = plane * (size_t)run;
  const int x[] = {0, width - 1, 0, width - 1, width / 2}, y[] = {0, 0, height - 1, height - 1, height / 2};
  // What follows the table is read, but must not matter: it stays NaN.
  size_t table_count = (size_t)side * (size_t)side;
  double *table = array(table_count + FEWTAP_EXCHANGE_PADDING);
  memcpy(table, filled(table_count), table_count * sizeof(double));
  unsigned char *taken = calloc(plane, 1);
  REQUIRE(taken);
  fewtap_exchange_window window = {.table = table, .table_side = side, .width = width, .height = height,
                                   .run_length = run, .x = x, .y = y, .tap_count = 5,
                                   .correlation = filled(plane), .schur = filled(planes),
                                   .scratch = array(fewtap_exchange_scratch_count(width, run))};
  fewtap_exchange_change change = {.rank = 2 * run, .coefficients = filled(5 * 2 * (size_t)run), .coefficient_stride = 5,
                                   .a = filled(2 * (size_t)run), .b = filled(2 * (size_t)run)};
  int best = -2;
  REQUIRE(math->exchange_step(&window, &change, taken, 1e-9, 0, &best) == FEWTAP_MATH_OK);
  REQUIRE(height < run ? best == -1 : best >= 0 && best / stride + run <= height && best % stride < width);
  // With every place taken but the last run's, nothing else may be found, and with none left nothing at all.
  memset(taken, 1, plane);
  for (int a = 0; a < run && a < height; a++) taken[(height - 1 - a) * stride + width - 1] = 0;
  for (change.rank = run; change.rank >= 1; change.rank--) {
    REQUIRE(math->exchange_step(&window, &change, taken, 1e-9, 0, &best) == FEWTAP_MATH_OK);
    REQUIRE(best == (height < run ? -1 : (height - run) * stride + width - 1));
  }
  change.rank = 1;
  memset(taken, 1, plane);
  REQUIRE(math->exchange_step(&window, &change, taken, 1e-9, 1, &best) == FEWTAP_MATH_OK);
  REQUIRE(best == -1);
  for (int row = 0; row < height; row++) {
    REQUIRE(all_finite(window.correlation + row * stride, (size_t)width));
    for (int k = 0; k < run; k++) REQUIRE(all_finite(window.schur + (size_t)k * plane + row * stride, (size_t)width));
  }

  window.run_length = FEWTAP_EXCHANGE_MAX_RUN + 1;
  REQUIRE(math->exchange_step(&window, &change, taken, 1e-9, 0, &best) == FEWTAP_MATH_BAD_ARGUMENT);
  window.run_length = run;
  change.rank = 2 * run + 1;
  REQUIRE(math->exchange_step(&window, &change, taken, 1e-9, 0, &best) == FEWTAP_MATH_BAD_ARGUMENT);
  change.rank = 1;
  window.table_side = side - 2;
  REQUIRE(math->exchange_step(&window, &change, taken, 1e-9, 0, &best) == FEWTAP_MATH_BAD_ARGUMENT);
  free(taken);
  free_arrays();
}

static void check_refusals(const fewtap_math *math) {
  double one = 0;
  REQUIRE(math->fft_plan(8, NULL) == FEWTAP_MATH_BAD_ARGUMENT);
  const int lengths[] = {INT32_MIN, -2, 0, 2, 7, 14, 22, FEWTAP_FFT_MAX_LENGTH + 2, INT32_MAX};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    REQUIRE(math->fft_plan(lengths[i], &one) == FEWTAP_MATH_BAD_LENGTH);
    REQUIRE(math->fft_forward(lengths[i], &one, &one, &one, &one, &one) == FEWTAP_MATH_BAD_LENGTH);
    REQUIRE(math->fft_inverse(lengths[i], &one, &one, &one, &one, &one) == FEWTAP_MATH_BAD_LENGTH);
  }
  REQUIRE(math->fft_forward(8, NULL, &one, &one, &one, &one) == FEWTAP_MATH_BAD_ARGUMENT);
  REQUIRE(math->fft_inverse(8, NULL, &one, &one, &one, &one) == FEWTAP_MATH_BAD_ARGUMENT);
  REQUIRE(math->multiply(1, NULL, &one, &one, &one, &one, &one) == FEWTAP_MATH_BAD_ARGUMENT);
  REQUIRE(math->conjugate_multiply(1, &one, &one, &one, &one, NULL, &one, &one) == FEWTAP_MATH_BAD_ARGUMENT);
  REQUIRE(math->weighted_power(1, &one, &one, NULL, &one) == FEWTAP_MATH_BAD_ARGUMENT);
  REQUIRE(math->exchange_step(NULL, NULL, NULL, 0, 0, NULL) == FEWTAP_MATH_BAD_ARGUMENT);
}

static void check_math(void) {
  const int lengths[] = {4, 6, 10, 18, 30, 50, 54, 72, 90, 96, 120, 162, 250};
  const size_t counts[] = {0, 1, 3, 7, 8, 9, 15, 17, 31, 33, 63, 65, 129};
  const int sides[][2] = {{1, 1}, {1, 7}, {3, 2}, {8, 8}, {9, 5}, {17, 31}, {33, 16}, {49, 49}};
  int sets = 0;
  for (int isa = FEWTAP_ISA_BASE; isa <= FEWTAP_ISA_AVX512; isa++) {
    const fewtap_math *math = fewtap_math_for((fewtap_isa)isa);
    if (!math) continue;
    sets++;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) check_transforms(math, lengths[i]);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) check_products(math, counts[i]);
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
      for (int run = 1; run <= FEWTAP_EXCHANGE_MAX_RUN; run++) check_exchange(math, sides[i][0], sides[i][1], run);
    for (int n = 1; n < 20; n++) check_symmetric(math, n);
    check_refusals(math);
  }
  REQUIRE(fewtap_math_for(FEWTAP_ISA_BASE) && fewtap_math_for(fewtap_math_best_isa()));
  printf("math: %d instruction sets\n", sets);
}

static void check_lapack(void) {
  fewtap_lapack_use_one_thread();
  for (int n = 1; n <= 33; n += 4) {
    size_t count = (size_t)n * (size_t)n;
    double *a = filled(count), *b = filled((size_t)n), *inverse = array(count), *factor = array(count), *rest = array(count);
    for (int i = 0; i < n; i++) a[(size_t)i * (size_t)n + (size_t)i] = n;  // dominant, so positive definite
    memcpy(inverse, a, count * sizeof(double));
    memcpy(factor, a, count * sizeof(double));
    memcpy(rest, a, count * sizeof(double));
    REQUIRE(fewtap_solve_positive(n, a, b) == FEWTAP_LAPACK_OK);
    REQUIRE(fewtap_invert_positive(n, inverse) == FEWTAP_LAPACK_OK);
    REQUIRE(all_finite(b, (size_t)n) && all_finite(inverse, count));
    REQUIRE(fewtap_factor_positive(n, factor) == FEWTAP_LAPACK_OK);
    REQUIRE(fewtap_subtract_square(n, inverse, rest) == FEWTAP_LAPACK_OK);
    for (int transposed = 0; transposed < 2; transposed++) {
      REQUIRE(fewtap_solve_triangular(n, factor, transposed, n, inverse) == FEWTAP_LAPACK_OK);
      REQUIRE(fewtap_subtract_product(n, factor, transposed, b, rest) == FEWTAP_LAPACK_OK);
    }
    REQUIRE(all_finite(inverse, count) && all_finite(rest, count));
    inverse[0] = -1;
    REQUIRE(fewtap_factor_positive(n, inverse) == FEWTAP_LAPACK_NOT_POSITIVE);
    REQUIRE(fewtap_invert_positive(n, inverse) == FEWTAP_LAPACK_NOT_POSITIVE);
    double *x = filled((size_t)n);
    REQUIRE(fewtap_solve_factored(n, factor, x) == FEWTAP_LAPACK_OK && all_finite(x, (size_t)n));
    free_arrays();
  }
  const int sides[] = {1, 2, 7, 33};
  for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
    for (size_t j = 0; j < sizeof sides / sizeof *sides; j++) {
      size_t rows = (size_t)sides[i], columns = (size_t)sides[j], rank = rows < columns ? rows : columns;
      double *a = filled(rows * columns), *values = array(rank), *left = array(rows * rank), *right = array(rank * columns);
      double *scratch = array((size_t)fewtap_svd_scratch_count(sides[i], sides[j]));
      REQUIRE(fewtap_singular_values(sides[i], sides[j], a, values, left, right, scratch) == FEWTAP_LAPACK_OK);
      REQUIRE(all_finite(values, rank) && all_finite(left, rows * rank) && all_finite(right, rank * columns));
      REQUIRE(fewtap_singular_values(sides[i], sides[j], a, values, left, NULL, scratch) == FEWTAP_LAPACK_BAD_ARGUMENT);
      free_arrays();
    }
  REQUIRE(fewtap_svd_scratch_count(0, 1) == 0 && fewtap_svd_scratch_count(1, FEWTAP_SVD_MAX_SIDE + 1) == 0);
  double one = 1;
  REQUIRE(fewtap_solve_positive(0, &one, &one) == FEWTAP_LAPACK_BAD_ARGUMENT);
  REQUIRE(fewtap_invert_positive(-1, &one) == FEWTAP_LAPACK_BAD_ARGUMENT);
  REQUIRE(fewtap_factor_positive(1, NULL) == FEWTAP_LAPACK_BAD_ARGUMENT);
  REQUIRE(fewtap_solve_factored(1, &one, NULL) == FEWTAP_LAPACK_BAD_ARGUMENT);
  REQUIRE(fewtap_invert_positive(1, NULL) == FEWTAP_LAPACK_BAD_ARGUMENT);
  REQUIRE(fewtap_factor_positive(0, &one) == FEWTAP_LAPACK_BAD_ARGUMENT);
  REQUIRE(fewtap_solve_triangular(1, &one, 0, 0, &one) == FEWTAP_LAPACK_BAD_ARGUMENT);
  REQUIRE(fewtap_subtract_square(1, NULL, &one) == FEWTAP_LAPACK_BAD_ARGUMENT);
  REQUIRE(fewtap_subtract_product(1, &one, 0, NULL, &one) == FEWTAP_LAPACK_BAD_ARGUMENT);
  printf("LAPACK: done\n");
}

// ---- Kernels on rows of pixels

static int rounded_up(int count, int unit) { return (count + unit - 1) / unit * unit; }

// Runs of every length in the four corners of a window: the input has just the rows and columns that they read.
static void check_layer(const fewtap_kernels *kernels, int width, int rows) {
  enum { REACH = 2, SPAN = 2 * REACH + FEWTAP_RUN_TAPS };
  int columns = rounded_up(width, FEWTAP_BLOCK_COLUMNS);
  ptrdiff_t stride = columns + 2 * REACH;
  fewtap_run runs[4 * FEWTAP_RUN_TAPS];
  fewtap_layer layer = {.runs = runs};
  for (int m = 1; m <= FEWTAP_RUN_TAPS; m++) {
    layer.counts[m] = 4;
    for (int corner = 0; corner < 4; corner++) {
      fewtap_run *run = &runs[4 * (m - 1) + corner];
      run->offset = (corner / 2 ? SPAN - m : 0) * stride + (corner % 2 ? 2 * REACH : 0);
      for (int j = 0; j < FEWTAP_RUN_TAPS; j++) run->weights[j] = j < m ? 0.25f : NAN;
    }
  }
  size_t in_count = (size_t)(rows + SPAN - 1) * (size_t)stride, out_count = (size_t)rows * (size_t)columns;
  float *in = filled_floats(in_count), *out = floats(out_count);
  REQUIRE(kernels->layer(&layer, in, stride, out, columns, width, rows) == FEWTAP_KERNELS_OK);
  REQUIRE(all_finite_floats(out, out_count));
  uint16_t *halfs = samples(in_count, 2), *rounded = samples(out_count, 2);
  REQUIRE(kernels->layer_of_halfs(&layer, halfs, stride, out, columns, width, rows) == FEWTAP_KERNELS_OK);
  REQUIRE(kernels->layer_to_halfs(&layer, halfs, stride, rounded, columns, width, rows) == FEWTAP_KERNELS_OK);
  REQUIRE(kernels->layer_of_halfs(&layer, halfs, stride, NULL, columns, width, rows) == FEWTAP_KERNELS_BAD_ARGUMENT);
  REQUIRE(kernels->layer_to_halfs(&layer, NULL, stride, rounded, columns, width, rows) == FEWTAP_KERNELS_BAD_ARGUMENT);
  REQUIRE(kernels->layer(&layer, in, stride, out, columns, width, rows + 1) == FEWTAP_KERNELS_BAD_ARGUMENT);
  REQUIRE(kernels->layer(NULL, in, stride, out, columns, width, rows) == FEWTAP_KERNELS_BAD_ARGUMENT);
  layer.counts[2] = -1;
  REQUIRE(kernels->layer(&layer, in, stride, out, columns, width, rows) == FEWTAP_KERNELS_BAD_ARGUMENT);
  free_arrays();
}

// Products at offsets of every run length: input, cotangent and room have just the pixels that the header names.
static void check_dots(const fewtap_kernels *kernels, int width, int rows) {
  enum { REACH = 2, OFFSETS = 2 * (1 + 2 + 3 + 4) };
  fewtap_run runs[2 * FEWTAP_RUN_TAPS];
  fewtap_layer layer = {.runs = runs};
  ptrdiff_t stride = width + REACH;
  for (int m = 1; m <= FEWTAP_RUN_TAPS; m++) {
    layer.counts[m] = 2;
    for (int corner = 0; corner < 2; corner++) {
      runs[2 * (m - 1) + corner].offset = corner * ((FEWTAP_RUN_TAPS - m) * stride + REACH);
      for (int j = 0; j < FEWTAP_RUN_TAPS; j++) runs[2 * (m - 1) + corner].weights[j] = j < m ? 0.25f : NAN;
    }
  }
  float *in = filled_floats((size_t)(rows + FEWTAP_RUN_TAPS - 1) * (size_t)stride);
  float *cotangent = filled_floats((size_t)rows * (size_t)width), *partial = floats(16 * OFFSETS);
  float *out = floats((size_t)rows * (size_t)width);
  double *sums = array(OFFSETS);
  memset(sums, 0, OFFSETS * sizeof *sums);
  REQUIRE(kernels->dot_layer(&layer, in, stride, cotangent, width, NULL, 0, partial, sums, width, rows) == FEWTAP_KERNELS_OK);
  REQUIRE(kernels->dot_layer(&layer, in, stride, cotangent, width, out, width, partial, sums, width, rows) == FEWTAP_KERNELS_OK);
  REQUIRE(all_finite(sums, OFFSETS) && all_finite_floats(out, (size_t)rows * (size_t)width));
  REQUIRE(kernels->dot_layer(&layer, in, stride, cotangent, width, out, width, partial, sums, 0, rows) == FEWTAP_KERNELS_BAD_ARGUMENT);
  REQUIRE(kernels->dot_layer(&layer, in, stride, NULL, width, out, width, partial, sums, width, rows) == FEWTAP_KERNELS_BAD_ARGUMENT);
  layer.counts[1] = -1;
  REQUIRE(kernels->dot_layer(&layer, in, stride, cotangent, width, out, width, partial, sums, width, rows) == FEWTAP_KERNELS_BAD_ARGUMENT);
  free_arrays();
}

static void check_copied_rows(const fewtap_kernels *kernels, int width) {
  enum { ROWS = 3 };
  int stride = width + 1;
  float *in = filled_floats((size_t)(stride * (ROWS - 1) + width)), *out = floats((size_t)(stride * (ROWS - 1) + width));
  for (int streaming = 0; streaming < 2; streaming++) {
    memset(out, 0, (size_t)(stride * (ROWS - 1) + width) * sizeof(float));
    REQUIRE(kernels->copy_rows(in, stride, out, stride, width, ROWS, streaming) == FEWTAP_KERNELS_OK);
    for (int y = 0; y < ROWS; y++) REQUIRE(memcmp(in + y * stride, out + y * stride, (size_t)width * sizeof(float)) == 0);
  }
  REQUIRE(kernels->copy_rows(NULL, stride, out, stride, width, ROWS, 0) == FEWTAP_KERNELS_BAD_ARGUMENT);
  free_arrays();
}

static void check_weighted_rows(const fewtap_kernels *kernels, int width, int count) {
  const float *rows[8];
  float weights[8];
  REQUIRE(count <= 8);
  for (int i = 0; i < count; i++) rows[i] = filled_floats((size_t)width), weights[i] = 0.5f;
  float *out = floats((size_t)width);
  for (int streaming = 0; streaming < 2; streaming++)
    REQUIRE(kernels->weighted_rows(rows, weights, count, out, width, streaming, streaming ? rows[0] : NULL) == FEWTAP_KERNELS_OK);
  REQUIRE(all_finite_floats(out, (size_t)width));
  REQUIRE(kernels->weighted_rows(rows, weights, 0, out, width, 0, NULL) == FEWTAP_KERNELS_BAD_ARGUMENT);
  REQUIRE(kernels->weighted_rows(NULL, weights, count, out, width, 0, NULL) == FEWTAP_KERNELS_BAD_ARGUMENT);
  free_arrays();
}

// Boxes of 1 to 4 factors, the lengths that have loops of their own among them, with exactly what the header says is read.
static void check_resampling(const fewtap_kernels *kernels, int factor, int boxes, int width) {
  int count = boxes * (factor - 1) + 1, wide = rounded_up(width, 64), before = count / factor;
  float *weights = filled_floats((size_t)count);
  float *fine = filled_floats((size_t)(factor * wide + count)), *coarse = floats((size_t)wide);
  REQUIRE(kernels->decimate(factor, weights, count, fine, coarse, width) == FEWTAP_KERNELS_OK);
  REQUIRE(all_finite_floats(coarse, (size_t)wide));
  float *low = filled_floats((size_t)(before + wide)), *high = floats((size_t)(factor * wide));
  REQUIRE(kernels->interpolate(factor, weights, count, low + before, high, width) == FEWTAP_KERNELS_OK);
  REQUIRE(all_finite_floats(high, (size_t)(factor * wide)));
  REQUIRE(kernels->decimate(1, weights, count, fine, coarse, width) == FEWTAP_KERNELS_BAD_ARGUMENT);
  REQUIRE(kernels->interpolate(factor, NULL, count, low, high, width) == FEWTAP_KERNELS_BAD_ARGUMENT);
  free_arrays();
}

// Codes at k / maximum by cells, in as many segments as asked: exponents -9 and -10, from -8, from -4.
static fewtap_encoding encoding_of_cells(int segments) {
  enum { SHIFT = 15, MAXIMUM = 255 };
  const int firsts[] = {127 - 10, segments == 3 ? 127 - 8 : 127, segments == 3 ? 127 - 4 : 127, 127};
  uint32_t *cells = samples((size_t)10 << (23 - SHIFT), sizeof(uint32_t)), count = 0, code = 0;
  fewtap_encoding encoding = {.cells = cells, .maximum = MAXIMUM, .most = 254.5f / MAXIMUM,
                              .least = 0x1p-10f, .lowest = -0.5f / MAXIMUM, .highest = 255.5f / MAXIMUM};
  for (int s = 0; s < segments; s++) {
    uint32_t from = (uint32_t)firsts[s] << 23, to = (uint32_t)firsts[s + 1] << 23;
    encoding.segments[s] = (fewtap_segment){.from = from, .base = (from >> SHIFT) - count, .shift = SHIFT};
    for (uint32_t cell = from; cell < to; cell += 1u << SHIFT) {
      float limit = ((float)code + 0.5f) / MAXIMUM;
      uint32_t bits, low;
      memcpy(&bits, &limit, sizeof bits);
      low = bits - cell;
      int changes = code < MAXIMUM && bits >= cell && low < 1u << SHIFT;
      cells[count++] = (code << SHIFT) + (changes ? (1u << SHIFT) - low : 0);
      code += (uint32_t)changes;
    }
  }
  REQUIRE(count == (uint32_t)10 << (23 - SHIFT) && code == MAXIMUM);
  return encoding;
}

static void check_samples(const fewtap_kernels *kernels, fewtap_sample_type type, int channels, int step, int count) {
  static const size_t sizes[] = {1, 2, 2, 4};
  fewtap_samples layout = {.type = type, .channels = channels, .step = step};
  size_t span = (size_t)((count - 1) * abs(step) + channels), tail = (size_t)((count - 1) * (step < 0 ? -step : 0));
  char *stored = samples(span, sizes[type]);
  void *first = stored + tail * sizes[type];
  float *rows[FEWTAP_SAMPLE_CHANNELS];
  const float *light[FEWTAP_SAMPLE_CHANNELS], *tables[FEWTAP_SAMPLE_CHANNELS];
  const float *table = filled_floats(type == FEWTAP_SAMPLES_UINT8 ? 256 : 65536);
  for (int c = 0; c < channels; c++) {
    rows[c] = floats((size_t)count);
    light[c] = filled_floats((size_t)count);
    tables[c] = c % 2 ? NULL : table;
  }
  REQUIRE(kernels->load_samples(layout, first, NULL, rows, count) == FEWTAP_KERNELS_OK);
  for (int c = 0; c < channels; c++) REQUIRE(all_finite_floats(rows[c], (size_t)count));
  REQUIRE(kernels->load_samples(layout, first, tables, rows, count) == FEWTAP_KERNELS_OK);
  for (int c = 0; c < channels; c++) REQUIRE(all_finite_floats(rows[c], (size_t)count));

  // Every number is below the joint, and its estimate in doubt.
  fewtap_estimate estimate = {.joint = 2, .slope = 255, .tolerance = 0.5f};
  fewtap_encoding by_cells = encoding_of_cells(type == FEWTAP_SAMPLES_UINT16 ? 3 : 1), estimated = by_cells;
  fewtap_encoding linear = {.maximum = 255, .most = 1, .lowest = -1, .highest = 2};
  estimated.estimate = &estimate;
  const fewtap_encoding *encodings[] = {&by_cells, &estimated, &linear, &by_cells};
  int64_t clipped = 0;
  REQUIRE(kernels->store_samples(layout, light, encodings, first, count, &clipped) == FEWTAP_KERNELS_OK);
  REQUIRE(clipped == 0);
  // What no code stands for stays within the tables.
  for (int c = 0; c < channels; c++)
    for (int i = 0; i < count; i++) rows[c][i] = i % 4 == 0 ? NAN : i % 4 == 1 ? INFINITY : i % 4 == 2 ? -1e30f : -0.0f;
  for (int c = 0; c < channels; c++) light[c] = rows[c];
  REQUIRE(kernels->store_samples(layout, light, encodings, first, count, &clipped) == FEWTAP_KERNELS_OK);

  layout.channels = FEWTAP_SAMPLE_CHANNELS + 1;
  REQUIRE(kernels->load_samples(layout, first, NULL, rows, count) == FEWTAP_KERNELS_BAD_ARGUMENT);
  REQUIRE(kernels->store_samples(layout, light, encodings, first, count, &clipped) == FEWTAP_KERNELS_BAD_ARGUMENT);
  free_arrays();
}

static void check_row_arithmetic(const fewtap_kernels *kernels, int count) {
  float *row = filled_floats((size_t)count), *other = filled_floats((size_t)count);
  int32_t index = -1;
  REQUIRE(kernels->scale_row(row, 2, count) == FEWTAP_KERNELS_OK);
  REQUIRE(kernels->multiply_row(row, other, count) == FEWTAP_KERNELS_OK);
  REQUIRE(kernels->divide_by_alpha(row, other, 0x1p-17f, count) == FEWTAP_KERNELS_OK);
  REQUIRE(kernels->divide_by_share(row, other, 1, 0x1p-8f, count) == FEWTAP_KERNELS_OK);
  REQUIRE(kernels->first_nonfinite(row, count, &index) == FEWTAP_KERNELS_OK && index == count);
  if (count > 0) row[count - 1] = NAN;
  REQUIRE(kernels->first_nonfinite(row, count, &index) == FEWTAP_KERNELS_OK && index == (count > 0 ? count - 1 : 0));
  REQUIRE(kernels->zero_nonfinite(row, count) == FEWTAP_KERNELS_OK && all_finite_floats(row, (size_t)count));
  REQUIRE(kernels->scale_row(NULL, 2, count) == FEWTAP_KERNELS_BAD_ARGUMENT);
  free_arrays();
}

// Buffers of exactly the room that the header asks for.
static void check_varying(const fewtap_kernels *kernels, int width) {
  enum { ROWS = 3, CELLS = 40, COLUMNS = 16, ROLES = 6 };
  int room = rounded_up(width, 16);
  for (int kind = 0; kind < 4; kind++) {
    // A table shorter than a vector, and one of several.
    int cells = kind / 2 ? CELLS : 5, periodic = kind % 2;
    fewtap_knot_piece *pieces = new_block((size_t)cells, sizeof *pieces);
    for (int i = 0; i < cells; i++) pieces[i] = (fewtap_knot_piece){.start = (float)i, .slope = 1};
    fewtap_knot_table table = {pieces, cells, 0, (float)cells, 1, periodic};
    float *in = filled_floats((size_t)width), *out = floats((size_t)width);
    int64_t below = 0, above = 0, nans = 0;
    in[0] = -3, in[width - 1] = NAN;
    REQUIRE(kernels->look_up_knots(&table, in, out, width, &below, &above, &nans) == FEWTAP_KERNELS_OK);
    REQUIRE(all_finite_floats(out, (size_t)width) && below == (width > 1) && above == 0 && nans == 1);
    uint64_t words[2] = {0, 0};
    for (int count = 1; count <= 2; count++)
      REQUIRE(kernels->mark_knots(out, width, width, 1, words, count) == FEWTAP_KERNELS_OK);
    REQUIRE(words[0] != 0 && words[1] == 0);
    out[0] = -1;
    REQUIRE(kernels->mark_knots(out, width, 1, 1, words, 2) == FEWTAP_KERNELS_BAD_ARGUMENT);
    REQUIRE(kernels->look_up_knots(NULL, in, out, width, &below, &above, &nans) == FEWTAP_KERNELS_BAD_ARGUMENT);
  }
  float *outs[ROLES];
  for (int r = 0; r < ROLES; r++) outs[r] = filled_floats((size_t)(room * ROWS));
  for (int axes = 0; axes <= FEWTAP_AXES; axes++) {
    float *coordinates = filled_floats((size_t)(room * ROWS));
    fewtap_hat hat = {.stride = room, .axes = axes};
    for (int a = 0; a < axes || a == 0; a++) hat.coordinates[a] = coordinates, hat.knots[a] = 1;
    for (int count = 1; count <= FEWTAP_BETWEEN_ROWS; count++) {
      fewtap_between between[ROWS];
      for (int y = 0; y < ROWS; y++) between[y] = (fewtap_between){.first = y, .count = count, .weights = {.25f, .25f, .25f, .25f}};
      float *in = filled_floats((size_t)(room * (ROWS + count - 1))), *out = filled_floats((size_t)(room * ROWS));
      const float *ins[ROLES] = {in, in, in, in, in, in};
      for (int roles = 1; roles <= ROLES; roles++)
        for (int begins = 0; begins < 2; begins++)
          REQUIRE(kernels->blend(&hat, ins, room, between, begins, outs, room, roles, width, ROWS) == FEWTAP_KERNELS_OK);
      for (int r = 0; r < ROLES; r++) REQUIRE(all_finite_floats(outs[r], (size_t)(room * ROWS)));
      REQUIRE(kernels->weigh(&hat, in, room, out, room, width, ROWS) == FEWTAP_KERNELS_OK);
      REQUIRE(all_finite_floats(out, (size_t)(room * ROWS)));
      float *slopes = filled_floats((size_t)(FEWTAP_AXES * room * ROWS));
      REQUIRE(kernels->blend_slopes(&hat, in, room, between, out, slopes, room, room * ROWS, width, ROWS) ==
              (axes ? FEWTAP_KERNELS_OK : FEWTAP_KERNELS_BAD_ARGUMENT));
      REQUIRE(all_finite_floats(slopes, (size_t)(FEWTAP_AXES * room * ROWS)));
      between[0].count = FEWTAP_BETWEEN_ROWS + 1;
      REQUIRE(kernels->blend_slopes(&hat, in, room, between, out, slopes, room, room * ROWS, width, ROWS) ==
              FEWTAP_KERNELS_BAD_ARGUMENT);
      REQUIRE(kernels->blend(&hat, ins, room, between, 0, outs, room, 1, width, ROWS) == FEWTAP_KERNELS_BAD_ARGUMENT);
      between[0].count = count, ins[1] = NULL;
      REQUIRE(kernels->blend(&hat, ins, room, between, 0, outs, room, 2, width, ROWS) == FEWTAP_KERNELS_BAD_ARGUMENT);
    }
    hat.axes = FEWTAP_AXES + 1;
    REQUIRE(kernels->weigh(&hat, coordinates, room, coordinates, room, width, ROWS) == FEWTAP_KERNELS_BAD_ARGUMENT);
  }
  float *row = filled_floats((size_t)width), *terms = filled_floats((size_t)width);
  for (int i = 0; i < width; i++) terms[i] = (float)(i % 3);
  REQUIRE(kernels->leave_knots(terms, 3, width) == FEWTAP_KERNELS_OK);
  for (int i = 0; i < width; i++) REQUIRE(terms[i] != (float)(i % 3) && terms[i] > 0 && terms[i] < 2);
  REQUIRE(kernels->leave_knots(terms, 1, width) == FEWTAP_KERNELS_BAD_ARGUMENT);
  REQUIRE(kernels->add_row(row, terms, width) == FEWTAP_KERNELS_OK && all_finite_floats(row, (size_t)width));
  REQUIRE(kernels->add_row(row, NULL, width) == FEWTAP_KERNELS_BAD_ARGUMENT);
  int stride = width + COLUMNS - 1;
  float *weights = filled_floats(COLUMNS * ROWS), *in = filled_floats((size_t)(stride * ROWS)), *out = floats((size_t)width);
  int32_t *which = new_block((size_t)width, sizeof(int32_t));
  for (int i = 0; i < width; i++) which[i] = 0;
  fewtap_dense_kernel kernel = {weights, 0, 0, COLUMNS, ROWS};
  REQUIRE(kernels->gather_row(&kernel, 1, which, in, stride, out, width) == FEWTAP_KERNELS_OK);
  REQUIRE(all_finite_floats(out, (size_t)width));
  which[width - 1] = 1;
  REQUIRE(kernels->gather_row(&kernel, 1, which, in, stride, out, width) == FEWTAP_KERNELS_BAD_ARGUMENT);
  free_arrays();
}

// Interpolated taps over exactly the pixels that they may read: all in one cell, few in each, at knots.
static void check_offsets(const fewtap_kernels *kernels, int axes, int taps, int channels, int width) {
  enum { REACH = 3, ROWS = FEWTAP_OFFSET_ROWS };
  int terms = 1 << axes, stride = rounded_up(taps, FEWTAP_TAP_BLOCK), cells = terms, knots = 1;
  for (int axis = 0; axis < axes; axis++) knots *= 3;
  float *coefficients = samples((size_t)(cells * 3 * terms * stride), sizeof *coefficients);
  float *gains = filled_floats((size_t)(cells * terms)), *reaches = floats((size_t)(cells * axes));
  for (int cell = 0; cell < cells; cell++) {
    float *x = coefficients + cell * 3 * terms * stride, *y = x + terms * stride, *w = y + terms * stride;
    for (int i = 0; i < stride; i++) {
      // From 0 to almost 3 pixels along each axis together.
      x[i] = (float)(i % 3) * 0.5f, y[i] = (float)(i % 2), w[i] = i < taps ? 0.1f : 0;
      for (int axis = 0; axis < axes; axis++) x[(1 << axis) * stride + i] = y[(1 << axis) * stride + i] = 1.9f / (float)axes;
    }
    for (int axis = 0; axis < axes; axis++) reaches[cell * axes + axis] = 0.49f / 1.9f;
  }
  int32_t *begins = new_block((size_t)knots + 1, sizeof *begins), *lowest = new_block((size_t)cells, sizeof *lowest);
  fewtap_merged_tap *merged = new_block(2, sizeof *merged);
  merged[0] = (fewtap_merged_tap){0, 0, 0.5f}, merged[1] = (fewtap_merged_tap){REACH, REACH, 0.5f};
  for (int knot = 0; knot <= knots; knot++) begins[knot] = knot > 0 ? 2 : 0;
  fewtap_offset_layer layer = {.coefficients = coefficients, .gains = gains, .reaches = reaches, .taps = taps, .stride = stride,
                               .axes = axes, .merged = merged, .merged_begins = begins, .knots = lowest};
  for (int axis = 0, step = knots / 3; axis < axes; axis++, step /= 3) layer.knot_steps[axis] = step;
  for (int cell = 0; cell < cells; cell++) {
    lowest[cell] = 0;
    for (int axis = 0; axis < axes; axis++) lowest[cell] += (cell >> axis & 1) * layer.knot_steps[axis];
  }
  int wide = width + REACH, high = ROWS + REACH;
  float *in = filled_floats((size_t)(channels * wide * high)), *out = floats((size_t)(channels * width * ROWS));
  // The other way round, each pixel's furthest to the left and above is REACH away.
  float *given = filled_floats((size_t)(channels * width * ROWS)), *spread = filled_floats((size_t)(channels * wide * high));
  float *first = spread + REACH * wide + REACH;
  int32_t *cell_of = new_block((size_t)(width * ROWS), sizeof *cell_of);
  float *coordinates = floats((size_t)(width * ROWS));
  for (int map = 0; map < 4; map++) {
    fewtap_pixel_cells pixels = {.cells = cell_of, .stride = width};
    memset(cell_of, 0, (size_t)(width * ROWS) * sizeof *cell_of);
    for (int axis = 0; axis < axes; axis++) {
      for (int i = 0; i < width * ROWS; i++)
        coordinates[i] = map == 0 ? 0.01f * (float)(i % width) : map == 1 ? 1.25f : map == 2 ? (float)(i * 37 % 64) / 32 : 0;
      float *shares = floats((size_t)(width * ROWS));
      REQUIRE(kernels->find_cells(coordinates, 3, 1 << axis, cell_of, shares, width * ROWS) == FEWTAP_KERNELS_OK);
      pixels.shares[axis] = shares;
    }
    REQUIRE(kernels->offset_layer(&layer, &pixels, width, in, wide, wide * high, out, width, width * ROWS, channels) ==
            FEWTAP_KERNELS_OK);
    REQUIRE(all_finite_floats(out, (size_t)(channels * width * ROWS)));
    REQUIRE(kernels->spread_layer(&layer, &pixels, width, given, width, width * ROWS, first, wide, wide * high, channels) ==
            FEWTAP_KERNELS_OK);
    REQUIRE(all_finite_floats(spread, (size_t)(channels * wide * high)));
    REQUIRE(kernels->spread_layer(&layer, &pixels, width, given, width, width * ROWS, first, wide, wide * high, 0) ==
            FEWTAP_KERNELS_BAD_ARGUMENT);
    float *slopes = filled_floats((size_t)(axes * width * ROWS));
    REQUIRE(kernels->slope_layer(&layer, &pixels, width, in, wide, wide * high, given, width, width * ROWS, slopes, width,
                                 width * ROWS, channels) == FEWTAP_KERNELS_OK);
    REQUIRE(all_finite_floats(slopes, (size_t)(axes * width * ROWS)));
    REQUIRE(kernels->slope_layer(&layer, &pixels, width, in, wide, wide * high, NULL, width, width * ROWS, slopes, width,
                                 width * ROWS, channels) == FEWTAP_KERNELS_BAD_ARGUMENT);
    float *sums = filled_floats((size_t)(cells * 3 * terms * stride)), *gain_sums = filled_floats((size_t)(cells * terms));
    REQUIRE(kernels->tap_slopes(&layer, &pixels, width, in, wide, wide * high, given, width, width * ROWS, sums, gain_sums,
                                channels) == FEWTAP_KERNELS_OK);
    REQUIRE(all_finite_floats(sums, (size_t)(cells * 3 * terms * stride)));
    REQUIRE(kernels->tap_slopes(&layer, &pixels, width, in, wide, wide * high, given, width, width * ROWS, sums, NULL,
                                channels) == FEWTAP_KERNELS_BAD_ARGUMENT);
    REQUIRE(kernels->offset_layer(&layer, &pixels, width - 1, in, wide, wide * high, out, width, width * ROWS, channels) ==
            FEWTAP_KERNELS_BAD_ARGUMENT);
    pixels.cells = NULL;
    REQUIRE(kernels->offset_layer(&layer, &pixels, width, in, wide, wide * high, out, width, width * ROWS, channels) ==
            FEWTAP_KERNELS_BAD_ARGUMENT);
  }
  REQUIRE(kernels->find_cells(coordinates, 1, 1, cell_of, out, width) == FEWTAP_KERNELS_BAD_ARGUMENT);
  free_arrays();
}

static void check_kernels(void) {
  const int widths[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 129, 256, 257};
  const int factors[] = {2, 3, 4, 5, 7}, steps[] = {1, 2, 3, 4, 5, -1, -4};
  int sets = 0;
  for (int isa = FEWTAP_KERNELS_SCALAR; isa <= FEWTAP_KERNELS_NEON; isa++) {
    const fewtap_kernels *kernels = fewtap_kernels_for((fewtap_kernels_isa)isa);
    if (!kernels) continue;
    sets++;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
      for (int rows = FEWTAP_BLOCK_ROWS; rows <= 3 * FEWTAP_BLOCK_ROWS; rows += FEWTAP_BLOCK_ROWS)
        check_layer(kernels, widths[i], rows);
      for (int rows = 1; rows <= 2 * FEWTAP_BLOCK_ROWS + 1; rows += 5) check_dots(kernels, widths[i], rows);
      for (int count = 1; count <= 7; count += 3) check_weighted_rows(kernels, widths[i], count);
      check_copied_rows(kernels, widths[i]);
      for (size_t f = 0; f < sizeof factors / sizeof *factors; f++)
        for (int boxes = 1; boxes <= 4; boxes++) check_resampling(kernels, factors[f], boxes, widths[i]);
      for (int type = FEWTAP_SAMPLES_UINT8; type <= FEWTAP_SAMPLES_FLOAT; type++)
        for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
          for (int channels = 1; channels <= abs(steps[s]) && channels <= FEWTAP_SAMPLE_CHANNELS; channels++)
            check_samples(kernels, (fewtap_sample_type)type, channels, steps[s], widths[i]);
      check_row_arithmetic(kernels, widths[i]);
      check_varying(kernels, widths[i]);
    }
    check_row_arithmetic(kernels, 0);
    for (int axes = 1; axes <= FEWTAP_AXES; axes++)
      for (int taps = 1; taps <= 300; taps = 3 * taps + 4)
        check_offsets(kernels, axes, taps, 1 + taps % FEWTAP_OFFSET_CHANNELS, FEWTAP_OFFSET_COLUMNS * axes);
  }
  REQUIRE(fewtap_kernels_for(FEWTAP_KERNELS_SCALAR) && !fewtap_kernels_for((fewtap_kernels_isa)99));
  printf("kernels: %d instruction sets\n", sets);
}

// What can run without a device: the drivers themselves are not ours to check, and leave memory behind.
static void check_gl(void) {
  fewtap_gl *gl = new_block(fewtap_gl_size() + 16, 1);
  // The start may be moved by one byte, and a device lies where malloc's blocks may.
  gl = (fewtap_gl *)(((uintptr_t)gl + 15) / 16 * 16);
  fewtap_gl_message *message = new_block(1, sizeof *message);
  fewtap_gl_description description;
  const fewtap_gl_shape shape = {4, 4, 0, 0};
  const fewtap_gl_pass pass = {.output_shape = shape};
  float texels[64] = {0};
  uint32_t name = 0;
  uint64_t nanoseconds = 0;
  int is_valid = 0;
  REQUIRE(fewtap_gl_open(NULL, NULL, FEWTAP_GL_EMBEDDED, NULL) == FEWTAP_GL_BAD_ARGUMENT);
  REQUIRE(fewtap_gl_open(gl, NULL, (fewtap_gl_api)7, message) == FEWTAP_GL_BAD_ARGUMENT && !message->text[0]);
  REQUIRE(fewtap_gl_open(gl, "libfewtap-has-no-such.so", FEWTAP_GL_DESKTOP, message) == FEWTAP_GL_NO_LIBRARY);
  REQUIRE(message->text[0] && memchr(message->text, 0, sizeof message->text));
  for (int i = 0; i < 2; i++, gl = NULL) {
    REQUIRE(fewtap_gl_close(gl) == FEWTAP_GL_BAD_ARGUMENT);
    REQUIRE(fewtap_gl_bind(gl) == FEWTAP_GL_BAD_ARGUMENT);
    REQUIRE(fewtap_gl_release(gl) == FEWTAP_GL_BAD_ARGUMENT);
    REQUIRE(fewtap_gl_describe(gl, &description) == FEWTAP_GL_BAD_ARGUMENT);
    REQUIRE(fewtap_gl_finish(gl) == FEWTAP_GL_BAD_ARGUMENT);
    REQUIRE(fewtap_gl_make_texture(gl, &shape, &name) == FEWTAP_GL_BAD_ARGUMENT);
    REQUIRE(fewtap_gl_write_texture(gl, name, &shape, texels) == FEWTAP_GL_BAD_ARGUMENT);
    REQUIRE(fewtap_gl_read_texture(gl, name, &shape, texels) == FEWTAP_GL_BAD_ARGUMENT);
    REQUIRE(fewtap_gl_delete_texture(gl, name) == FEWTAP_GL_BAD_ARGUMENT);
    REQUIRE(fewtap_gl_make_program(gl, NULL, "", &name, message) == FEWTAP_GL_BAD_ARGUMENT && !message->text[0]);
    REQUIRE(fewtap_gl_name_input(gl, name, "image", 1) == FEWTAP_GL_BAD_ARGUMENT);
    REQUIRE(fewtap_gl_delete_program(gl, name) == FEWTAP_GL_BAD_ARGUMENT);
    REQUIRE(fewtap_gl_run(gl, &pass) == FEWTAP_GL_BAD_ARGUMENT);
    REQUIRE(fewtap_gl_make_timer(gl, &name) == FEWTAP_GL_BAD_ARGUMENT);
    REQUIRE(fewtap_gl_begin_timer(gl, name) == FEWTAP_GL_BAD_ARGUMENT);
    REQUIRE(fewtap_gl_end_timer(gl) == FEWTAP_GL_BAD_ARGUMENT);
    REQUIRE(fewtap_gl_read_timer(gl, name, &nanoseconds, &is_valid) == FEWTAP_GL_BAD_ARGUMENT);
    REQUIRE(fewtap_gl_delete_timer(gl, name) == FEWTAP_GL_BAD_ARGUMENT);
  }
  free_arrays();
}

int main(int argc, char **argv) {
  // Two defects on purpose: the script makes sure that the sanitizers end the program on each.
  if (argc > 1 && !strcmp(argv[1], "overrun")) return array((size_t)argc)[argc] == 0;
  if (argc > 1 && !strcmp(argv[1], "overflow")) return INT32_MAX + argc == 0;
  check_kernels();
  check_math();
  check_lapack();
  check_gl();
  return 0;
}
