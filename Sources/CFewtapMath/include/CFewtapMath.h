// Dense Double arithmetic of the fit: FFTs, products of spectra, and the inner loop of tap exchange.
//
// No allocation, no global state; every function returns a status, and every buffer is the caller's. One source
// (kernels.inc) is compiled for each instruction set; a table of functions is asked for by name of the set.
#ifndef CFEWTAP_MATH_H
#define CFEWTAP_MATH_H

#include <stddef.h>

typedef enum {
  FEWTAP_MATH_OK = 0,
  FEWTAP_MATH_BAD_ARGUMENT = 1,  // null pointer, or a size that is out of range
  FEWTAP_MATH_BAD_LENGTH = 2,    // a transform length that is odd or has a prime factor above 5
} fewtap_math_status;

typedef enum { FEWTAP_ISA_BASE = 0, FEWTAP_ISA_AVX2 = 1, FEWTAP_ISA_AVX512 = 2 } fewtap_isa;

// Largest transform length: four times the largest kernel's side, rounded up to a smooth number.
#define FEWTAP_FFT_MAX_LENGTH 4320

// Shapes. A plane is n x n doubles, row-major [y][x]. A spectrum is two arrays (real, imaginary) of n x fewtap_spectrum_stride(n)
// doubles, [kx][ky], with ky = 0...n/2 stored (the rest follows by symmetry) and the padding up to the stride zero.
// The forward transform is unnormalized, X[k] = sum_n x[n] exp(-2 pi i n k / N); the inverse divides by n^2.

// Columns of a spectrum: n/2 + 1 rounded up to a multiple of 8, so that rows start aligned alike.
static inline int fewtap_spectrum_stride(int n) { return (n / 2 + 1 + 7) & ~7; }
// Doubles of a plan for length n.
static inline size_t fewtap_fft_plan_count(int n) { return 6 * (size_t)n; }
// Columns that a transform works on at a time.
#define FEWTAP_FFT_LANES 16
// Doubles of scratch that a transform of length n uses.
static inline size_t fewtap_fft_scratch_count(int n) {
  return 4 * (size_t)(n + 3) * FEWTAP_FFT_LANES + 2 * (size_t)n * (size_t)fewtap_spectrum_stride(n);
}

// A sweep of exchange moves vertical runs of 1 or more taps of equal length. It keeps, for every candidate offset p of a
// width x height window, correlation[p], the correlation of the residual with a tap at p, and the Schur complement, what taps
// there add that the others cannot: plane k of `schur` has its entry between p and the place k rows below p. Removing one run
// and inserting another are changes of low rank of both.
#define FEWTAP_EXCHANGE_MAX_RUN 8
#define FEWTAP_EXCHANGE_PADDING 8
// Columns of correlation, schur and `taken`: the window's width, rounded up. What the padding holds does not matter.
static inline int fewtap_exchange_stride(int width) { return (width + 7) & ~7; }
// Doubles of scratch that a step uses.
static inline size_t fewtap_exchange_scratch_count(int width, int run_length) {
  return 2 * (size_t)run_length * (size_t)run_length * (size_t)fewtap_exchange_stride(width);
}
typedef struct {
  const double *table;  // autocorrelation R of the other layers, table_side x table_side, R(0) in its middle; followed by
                        // FEWTAP_EXCHANGE_PADDING doubles that are read but do not matter
  int table_side;       // odd, at least 2 * max(width, height) - 1
  int width, height;    // the window of candidates
  int run_length;       // taps of a run, at most FEWTAP_EXCHANGE_MAX_RUN
  const int *x, *y;     // taps, as column and row of the window
  int tap_count;
  double *correlation;  // height x stride, updated in place
  double *schur;        // run_length planes of height x stride, updated in place
  double *scratch;
} fewtap_exchange_window;

// z_i(p) = sum_k c_i[k] R(p - tap_k):  correlation(p) += sum_i a_i z_i(p),  schur_k(p) += sum_i b_i z_i(p) z_i(p + k rows).
typedef struct {
  int rank;                    // number of z_i, at most twice the run's length
  const double *coefficients;  // rank rows of tap_count numbers, coefficient_stride apart
  int coefficient_stride;
  const double *a, *b;  // rank each
} fewtap_exchange_change;

typedef struct {
  // Fills `plan` (fewtap_fft_plan_count doubles) for length n.
  fewtap_math_status (*fft_plan)(int n, double *plan);
  // Spectrum of a real plane.
  fewtap_math_status (*fft_forward)(int n, const double *plan, const double *plane, double *re, double *im, double *scratch);
  // Real plane of a spectrum; `re` and `im` are left as they are.
  fewtap_math_status (*fft_inverse)(int n, const double *plan, const double *re, const double *im, double *plane, double *scratch);
  // out = a b, complex, `count` elements; out may be a or b.
  fewtap_math_status (*multiply)(size_t count, const double *a_re, const double *a_im, const double *b_re, const double *b_im,
                                 double *out_re, double *out_im);
  // out = conj(a) b w, w real.
  fewtap_math_status (*conjugate_multiply)(size_t count, const double *a_re, const double *a_im, const double *b_re,
                                           const double *b_im, const double *w, double *out_re, double *out_im);
  // *sum = sum w |a|^2, in a fixed order of eight partial sums.
  fewtap_math_status (*weighted_power)(size_t count, const double *a_re, const double *a_im, const double *w, double *sum);
  // out = matrix v, for a symmetric n x n matrix.
  fewtap_math_status (*symmetric_multiply)(int n, const double *matrix, const double *v, double *out);
  // matrix += scale sum_a v_a v_a^T, for `rank` vectors of n numbers, one after the other.
  fewtap_math_status (*rank_update)(int n, double *matrix, int rank, const double *vectors, double scale);
  // Applies the change, then finds the run of largest g^T S^-1 g, with g the correlation and S the Schur complement of its taps
  // (pivots of S below `floor` count as `floor`), among those inside the window with no tap at a place whose `taken` is not 0;
  // with `positive_only` among those that a common positive weight of their taps would serve: whose correlations have a negative
  // sum. *best is row * stride + column of its first tap, or -1 if there is none.
  fewtap_math_status (*exchange_step)(const fewtap_exchange_window *window, const fewtap_exchange_change *change,
                                      const unsigned char *taken, double floor, int positive_only, int *best);
} fewtap_math;

// The functions for an instruction set, or null where this machine lacks it.
const fewtap_math *fewtap_math_for(fewtap_isa isa);
// The widest set that this machine has.
fewtap_isa fewtap_math_best_isa(void);

#endif
