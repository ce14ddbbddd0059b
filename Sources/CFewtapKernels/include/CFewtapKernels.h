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
  ptrdiff_t offset;  // from the output's position to the first row that is read, in floats
  float weights[FEWTAP_RUN_TAPS];
} fewtap_run;

// A sparse convolution.
typedef struct {
  const fewtap_run *runs;              // runs of 1 tap first, then of 2, ...
  int32_t counts[FEWTAP_RUN_TAPS + 1];  // counts[m]: runs of m taps
} fewtap_layer;

typedef struct {
  // out[y][x] = sum over the layer's runs, for `rows` rows (a multiple of FEWTAP_BLOCK_ROWS) and `width` columns, rounded up
  // to a multiple of FEWTAP_BLOCK_COLUMNS: out must have that room, and in what the runs read for it. Runs in order, one
  // fused multiply-add a tap where the set has it: no bit depends on rows or width.
  fewtap_kernels_status (*layer)(const fewtap_layer *layer, const float *in, ptrdiff_t in_stride, float *out,
                                 ptrdiff_t out_stride, int32_t width, int32_t rows);
  // out[x] = sum_i weights[i] rows[i][x] for exactly `width` columns; `streaming` stores past the caches where that helps.
  fewtap_kernels_status (*weighted_rows)(const float *const *rows, const float *weights, int32_t count, float *out,
                                         int32_t width, int32_t streaming);
  // out[i] = sum_k weights[k] in[factor i + k] for i < width: filters and decimates along a row. Reads up to
  // factor * (width rounded up to 64) + count floats, writes width rounded up to 64.
  fewtap_kernels_status (*decimate)(int32_t factor, const float *weights, int32_t count, const float *in, float *out,
                                    int32_t width);
  // out[factor i + r] = sum_t weights[factor t + r] in[i - t] for i < width, r < factor: interpolates along a row. `in` must
  // be readable from -count / factor on; writes factor * (width rounded up to 64).
  fewtap_kernels_status (*interpolate)(int32_t factor, const float *weights, int32_t count, const float *in, float *out,
                                       int32_t width);
} fewtap_kernels;

// The functions for an instruction set, or null where this machine (or this build) lacks it.
const fewtap_kernels *fewtap_kernels_for(fewtap_kernels_isa isa);

#endif
