// Single-precision arithmetic on rows of pixels: what the engine spends its time in.
//
// No allocation, no global state; every function answers a status, and every buffer is the caller's. One source
// (kernels.inc, pixels.inc) is compiled for each instruction set; a table of functions is asked for by name of the set.
#ifndef CFEWTAP_KERNELS_H
#define CFEWTAP_KERNELS_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
  FEWTAP_KERNELS_OK = 0,
  FEWTAP_KERNELS_BAD_ARGUMENT = 1,  // null pointer, or a size or count that is out of range
} fewtap_kernels_status;

// Instruction sets, narrowest first. Scalar is there on every machine.
typedef enum {
  FEWTAP_KERNELS_SCALAR = 0,
  FEWTAP_KERNELS_SSE2 = 1,
  FEWTAP_KERNELS_AVX2 = 2,  // with FMA and F16C
  FEWTAP_KERNELS_AVX512 = 3,
  FEWTAP_KERNELS_NEON = 4,
} fewtap_kernels_isa;

// Most taps of a vertical run.
#define FEWTAP_RUN_TAPS 4
// A layer is computed for whole blocks of so many rows and columns: its output needs room up to the next multiples.
#define FEWTAP_BLOCK_ROWS 8
#define FEWTAP_BLOCK_COLUMNS 32
// Most weights of one factor of a resampling filter along a row: four boxes of seven.
#define FEWTAP_FACTOR_WEIGHTS 25

// Taps one below the other: out[p] += sum_j weights[j] in[p + offset + j stride].
typedef struct {
  ptrdiff_t offset;  // from the output's position to the first row that is read, in samples
  float weights[FEWTAP_RUN_TAPS];
} fewtap_run;

// A sparse convolution.
typedef struct {
  const fewtap_run *runs;              // runs of 1 tap first, then of 2, ...
  int32_t counts[FEWTAP_RUN_TAPS + 1];  // counts[m]: runs of m taps
} fewtap_layer;

// How a sample is stored; integers are codes of 0...1.
typedef enum {
  FEWTAP_SAMPLES_UINT8 = 0,
  FEWTAP_SAMPLES_UINT16 = 1,
  FEWTAP_SAMPLES_HALF = 2,   // IEEE binary16
  FEWTAP_SAMPLES_FLOAT = 3,  // IEEE binary32
} fewtap_sample_type;

// Most channels that one call moves.
#define FEWTAP_SAMPLE_CHANNELS 4

// Where the samples of a row lie: channel c of pixel i at address + i * step + c, in samples; addresses are multiples of a
// sample's size.
typedef struct {
  fewtap_sample_type type;
  int32_t channels;
  ptrdiff_t step;
} fewtap_samples;

// Light from `from` on (Float's bits, which sort as the numbers do): cell (bits >> shift) - base.
typedef struct {
  uint32_t from, base, shift;
} fewtap_segment;

#define FEWTAP_SEGMENTS 3

// The encoded value, code units, to within `tolerance`: offset + scales[e] p(m) for light m 2^e, 1 <= m < 2, and slope * light
// below `joint`. Where that leaves no doubt about the nearest code, some instruction sets need no look-up.
#define FEWTAP_ESTIMATE_COEFFICIENTS 6
typedef struct {
  float scales[16];  // by the lowest 4 bits of Float's biased exponent
  float coefficients[FEWTAP_ESTIMATE_COEFFICIENTS];  // of p, the constant one first
  float offset, joint, slope, tolerance;
} fewtap_estimate;

// Light to the nearest code. A cell holds (code of its start << shift) + (2^shift - low), where low are the bits below
// `shift` of the one number in the cell from which on the next code is nearest: adding a number's own low bits carries into
// the code there. Cells are so small that none holds two such numbers; one without any holds the code alone.
typedef struct {
  const uint32_t *cells;                      // null for linear codes: floor(light * maximum + 1/2)
  fewtap_segment segments[FEWTAP_SEGMENTS];  // 8 bits: the first alone; 16 bits: all, ascending
  const fewtap_estimate *estimate;            // null for none; 8 bits only
  float maximum;                              // the largest code
  float least, most;                          // light is clamped to these (NaN to the least): codes 0 and `maximum`
  float lowest, highest;                      // beyond these light counts as clipped, and so does NaN
} fewtap_encoding;

// Most parameters of a basis.
#define FEWTAP_AXES 4

// From a parameter's values to knot coordinates: in cell i, from low + i / scale on, a straight line.
typedef struct {
  float start, slope;  // the coordinate where the cell begins, and what it rises by to the next one
} fewtap_knot_piece;
typedef struct {
  const fewtap_knot_piece *pieces;
  int32_t cells;
  float low, high;  // the first and last knot's values: what lies outside comes to them, or around
  float scale;      // cells / (high - low)
  int32_t periodic;
} fewtap_knot_table;

// The rows that a row of a result is interpolated between.
#define FEWTAP_BETWEEN_ROWS 4
typedef struct {
  int32_t first, count;
  float weights[FEWTAP_BETWEEN_ROWS];
} fewtap_between;

// A knot's weights: the product over the axes of max(0, 1 - |coordinate - knot|); without axes coordinates[0] are the weights.
typedef struct {
  const float *coordinates[FEWTAP_AXES];  // of the block's first pixel
  ptrdiff_t stride;
  float knots[FEWTAP_AXES];
  int32_t axes;
} fewtap_hat;

// A dense kernel, turned over: out = sum_y sum_x weights[columns y + x] in[first_row + y][first_column + x], from the output's
// pixel. Columns are a multiple of 16, with zeros for those that it lacks.
typedef struct {
  const float *weights;
  int32_t first_column, first_row, columns, rows;
} fewtap_dense_kernel;

// Most parameters of a filter basis; an interpolated layer takes blocks of so many rows, a multiple of so many columns and up to
// so many channels; its tables are padded to a multiple of so many taps.
#define FEWTAP_AXES 4
#define FEWTAP_OFFSET_ROWS 4
#define FEWTAP_OFFSET_COLUMNS 16
#define FEWTAP_OFFSET_CHANNELS 8
#define FEWTAP_TAP_BLOCK 16

// A tap at whole pixels.
typedef struct {
  int32_t x, y;
  float weight;
} fewtap_merged_tap;

// A layer of taps interpolated between the knots of a cell of the parameter grid. The share s_a says how far a pixel lies between
// the cell's two knots of axis a, 0...1; term j is the product of the shares whose bits are set in j; a tap's x, y and weight
// are sums over the 2^axes terms. x and y count columns and rows from the top left pixel that any tap of the layer reads, and
// are not negative; a tap reads the pixels at their whole parts and one to the right and below.
typedef struct {
  // Cell by cell those of x, then of y, then of weights; in each term by term `stride` taps.
  const float *coefficients;
  // 2^axes of each cell, or null: of a factor on the result.
  const float *gains;
  // Axis by axis of each cell: shares this far from another's, whatever the other axes', move no tap by half a pixel.
  const float *reaches;
  int32_t taps, stride, axes;
  // Knots whose taps merge into few at whole pixels (the gain in them); all null if there are none. Of knot k those from
  // merged_begins[k] to merged_begins[k + 1]; none: it is interpolated as others are. A cell's lowest knot is knots[cell], and
  // the next one along an axis knot_steps[axis] further.
  const fewtap_merged_tap *merged;
  const int32_t *merged_begins, *knots;
  int32_t knot_steps[FEWTAP_AXES];
} fewtap_offset_layer;

// Cells and shares of FEWTAP_OFFSET_ROWS rows of pixels, `stride` apart.
typedef struct {
  const int32_t *cells;
  const float *shares[FEWTAP_AXES];
  ptrdiff_t stride;
} fewtap_pixel_cells;

typedef struct {
  // out[y][x] = sum over the layer's runs, for `rows` rows (a multiple of FEWTAP_BLOCK_ROWS) and `width` columns, rounded up
  // to a multiple of FEWTAP_BLOCK_COLUMNS: out must have that room, and in what the runs read for it. Runs in order, one
  // fused multiply-add a tap where the set has it: no bit depends on rows or width.
  fewtap_kernels_status (*layer)(const fewtap_layer *layer, const float *in, ptrdiff_t in_stride, float *out,
                                 ptrdiff_t out_stride, int32_t width, int32_t rows);
  // The same of rows of halfs (IEEE binary16), products and sums in Float; into floats, or into halfs too, rounded to nearest
  // with finite numbers beyond 65504 clamped to that. Offsets and strides count halfs.
  fewtap_kernels_status (*layer_of_halfs)(const fewtap_layer *layer, const uint16_t *in, ptrdiff_t in_stride, float *out,
                                          ptrdiff_t out_stride, int32_t width, int32_t rows);
  fewtap_kernels_status (*layer_to_halfs)(const fewtap_layer *layer, const uint16_t *in, ptrdiff_t in_stride,
                                          uint16_t *out, ptrdiff_t out_stride, int32_t width, int32_t rows);
  // sums[j] += sum_y sum_x cotangent[y][x] in[y][x + offset_j] for exactly `width` columns and `rows` rows: what the gradients of a
  // layer's weights are made of, offsets in the order of its runs, each from its first row down. Sums are Floats in each of a vector's
  // lanes within a call, added up in Double. `partial` has room for 16 floats an offset. Into `out`, unless it is null, the layer's
  // result for the same pixels, which then costs little more; else weights count for nothing.
  fewtap_kernels_status (*dot_layer)(const fewtap_layer *layer, const float *in, ptrdiff_t in_stride, const float *cotangent,
                                     ptrdiff_t cotangent_stride, float *out, ptrdiff_t out_stride, float *partial,
                                     double *sums, int32_t width, int32_t rows);
  // out[x] = sum_i weights[i] rows[i][x] for exactly `width` columns; `streaming` stores past the caches where that helps.
  // `ahead`, or null: `width` floats that will be read soon, asked for as the sum goes along.
  fewtap_kernels_status (*weighted_rows)(const float *const *rows, const float *weights, int32_t count, float *out,
                                         int32_t width, int32_t streaming, const float *ahead);
  // out[y][x] = in[y][x] for exactly `width` columns; `streaming` as there.
  fewtap_kernels_status (*copy_rows)(const float *in, ptrdiff_t in_stride, float *out, ptrdiff_t out_stride, int32_t width,
                                     int32_t rows, int32_t streaming);
  // out[i] = sum_k weights[k] in[factor i + k] for i < width: filters and decimates along a row. Reads up to
  // factor * (width rounded up to 64) + count floats, writes width rounded up to 64.
  fewtap_kernels_status (*decimate)(int32_t factor, const float *weights, int32_t count, const float *in, float *out,
                                    int32_t width);
  // out[factor i + r] = sum_t weights[factor t + r] in[i - t] for i < width, r < factor: interpolates along a row. `in` must
  // be readable from -count / factor on; writes factor * (width rounded up to 64).
  fewtap_kernels_status (*interpolate)(int32_t factor, const float *weights, int32_t count, const float *in, float *out,
                                       int32_t width);

  // Asks for bytes that will be read soon; does nothing else.
  fewtap_kernels_status (*prefetch)(const void *bytes, size_t count);

  // ---- Pixels: rows of exactly `count` numbers, nothing beyond is read or written.

  // out[c][i] = light of sample c of pixel i. Integers through tables[c], of one float a code; where that (or `tables`) is
  // null, code / largest code. Halfs are exact.
  fewtap_kernels_status (*load_samples)(fewtap_samples layout, const void *in, const float *const *tables,
                                        float *const *out, int32_t count);
  // Sample c of pixel i = in[c][i]: integers by encodings[c]; halfs rounded to nearest, ties to even, with finite numbers
  // beyond 65504 clamped to that. Adds to *clipped how many samples the type could not hold.
  fewtap_kernels_status (*store_samples)(fewtap_samples layout, const float *const *in,
                                         const fewtap_encoding *const *encodings, void *out, int32_t count,
                                         int64_t *clipped);
  // row[i] *= factor
  fewtap_kernels_status (*scale_row)(float *row, float factor, int32_t count);
  // row[i] *= factors[i]
  fewtap_kernels_status (*multiply_row)(float *row, const float *factors, int32_t count);
  // row[i] = |alpha[i]| < least ? 0 : row[i] / alpha[i]
  fewtap_kernels_status (*divide_by_alpha)(float *row, const float *alpha, float least, int32_t count);
  // row[i] /= max(mask[i] * scale, least)
  fewtap_kernels_status (*divide_by_share)(float *row, const float *mask, float scale, float least, int32_t count);
  // The index of the first NaN or infinity; `count` if there is none.
  fewtap_kernels_status (*first_nonfinite)(const float *row, int32_t count, int32_t *index);
  // NaN and infinities become 0.
  fewtap_kernels_status (*zero_nonfinite)(float *row, int32_t count);

  // ---- Filters that change from pixel to pixel.

  // out[i] = the knot coordinate of in[i] for exactly `width` values; adds how many lie below and above the knots, and how many
  // are NaN, which come to the first knot.
  fewtap_kernels_status (*look_up_knots)(const fewtap_knot_table *table, const float *in, float *out, int32_t width,
                                         int64_t *below, int64_t *above, int64_t *nans);
  // Sets bit k of `count` words where some of width x rows coordinates, all within 0...64 count - 1, gives knot k a weight.
  fewtap_kernels_status (*mark_knots)(const float *coordinates, ptrdiff_t stride, int32_t width, int32_t rows,
                                      uint64_t *words, int32_t count);
  // out[r][y][x] += h[y][x] sum_i b.weights[i] in[r][b.first + i][x] for each of `roles` planes, b = between[y], h the knot's weights;
  // nothing is added where h is 0. `begins`: to zero, whatever out has. Here and in `weigh` columns are rounded up to a multiple of 16:
  // all buffers need that room.
  fewtap_kernels_status (*blend)(const fewtap_hat *knot, const float *const *in, ptrdiff_t in_stride,
                                 const fewtap_between *between, int32_t begins, float *const *out, ptrdiff_t out_stride,
                                 int32_t roles, int32_t width, int32_t rows);
  // out[y][x] = h[y][x] in[y][x]; 0 where h is.
  fewtap_kernels_status (*weigh)(const fewtap_hat *knot, const float *in, ptrdiff_t in_stride, float *out,
                                 ptrdiff_t out_stride, int32_t width, int32_t rows);
  // row[i] += terms[i] for exactly `count` numbers.
  fewtap_kernels_status (*add_row)(float *row, const float *terms, int32_t count);
  // out[x] = the sum of kernel which[x] around in[x], for exactly `width` columns; reads whole rows of the kernels.
  fewtap_kernels_status (*gather_row)(const fewtap_dense_kernel *kernels, int32_t count, const int32_t *which,
                                      const float *in, ptrdiff_t stride, float *out, int32_t width);
  // out[a][y][x] += changes[y][x] dh/da[y][x] sum_i b.weights[i] in[b.first + i][x] for every axis a, `out_axis` floats apart:
  // what coordinates have to do with `blend`'s result. Coordinates must not be whole. Rows of changes are as far apart as those
  // of out; columns are rounded up as there.
  fewtap_kernels_status (*blend_slopes)(const fewtap_hat *knot, const float *in, ptrdiff_t in_stride,
                                        const fewtap_between *between, const float *changes, float *out,
                                        ptrdiff_t out_stride, ptrdiff_t out_axis, int32_t width, int32_t rows);
  // Moves whole coordinates among so many knots by a rounding or two towards the next knot, and the last knot's to the one before.
  fewtap_kernels_status (*leave_knots)(float *coordinates, int32_t knots, int32_t width);

  // ---- Interpolated taps

  // out[c][y][x] for FEWTAP_OFFSET_ROWS rows, `width` columns and `channels`: rows `row` and `out_row` floats apart, channels
  // `channel` and `out_channel`; in[0] is what x = y = 0 reads for out[0]. A block of rows and some columns is computed as its own
  // cells and shares say: no bit depends on other blocks.
  fewtap_kernels_status (*offset_layer)(const fewtap_offset_layer *layer, const fewtap_pixel_cells *pixels, int32_t width,
                                        const float *in, ptrdiff_t row, ptrdiff_t channel, float *out, ptrdiff_t out_row,
                                        ptrdiff_t out_channel, int32_t channels);
  // The other way round, added to what `out` has: each of `in` gives to the place that is as far to the left and above as
  // `offset_layer` reads to the right and below. out[0] is where x = y = 0 goes to for in[0]; a factor on the result is one on `in`
  // here. A block adds in an order of its own: no bit depends on what is elsewhere if blocks come in one order.
  fewtap_kernels_status (*spread_layer)(const fewtap_offset_layer *layer, const fewtap_pixel_cells *pixels, int32_t width,
                                        const float *in, ptrdiff_t row, ptrdiff_t channel, float *out, ptrdiff_t out_row,
                                        ptrdiff_t out_channel, int32_t channels);
  // out[a][y][x] += the sum over channels of changes[c][y][x] times what `offset_layer`'s result rises by with the share of axis a,
  // for rows, columns and channels as there, and axes `out_axis` apart. Where a tap lies in a pixel's middle it rises as towards the
  // right and below, and at a knot as towards the cell that the pixel is in.
  fewtap_kernels_status (*slope_layer)(const fewtap_offset_layer *layer, const fewtap_pixel_cells *pixels, int32_t width,
                                       const float *in, ptrdiff_t row, ptrdiff_t channel, const float *changes,
                                       ptrdiff_t change_row, ptrdiff_t change_channel, float *out, ptrdiff_t out_row,
                                       ptrdiff_t out_axis, int32_t channels);
  // What the loss changes by with the layer's coefficients, and with its gains if it has any, is added to `sums` and `gain_sums`, which
  // lie as those do; `changes` as in `slope_layer`. What pads a table gets what does not count.
  fewtap_kernels_status (*tap_slopes)(const fewtap_offset_layer *layer, const fewtap_pixel_cells *pixels, int32_t width,
                                      const float *in, ptrdiff_t row, ptrdiff_t channel, const float *changes,
                                      ptrdiff_t change_row, ptrdiff_t change_channel, float *sums, float *gain_sums,
                                      int32_t channels);
  // shares[x] and cells[x] += cell * step of knot coordinates along an axis of so many knots.
  fewtap_kernels_status (*find_cells)(const float *coordinates, int32_t knots, int32_t step, int32_t *cells, float *shares,
                                      int32_t width);
} fewtap_kernels;

// The functions for an instruction set, or null where this machine (or this build) lacks it.
const fewtap_kernels *fewtap_kernels_for(fewtap_kernels_isa isa);

#endif
