// The kernels for AVX2 with FMA and F16C; called only where the processor has them.
#if defined(__x86_64__) && defined(__clang__)
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "CFewtapKernels.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

// Start and slope of 8 cells. Where all lie within 8 of each other, as on a smooth map, those 8 pieces are loaded whole and
// picked from; else each is loaded by itself.
#define FEWTAP_LOOK_UP_PIECES look_up_pieces_8
typedef float eight_floats __attribute__((ext_vector_type(8)));
typedef int32_t eight_wholes __attribute__((ext_vector_type(8)));
static inline __attribute__((always_inline)) __m256 pick_of_16(__m256 low, __m256 high, __m256i which) {
  // The bit of 8 becomes the sign, by which blendv takes the upper half.
  return _mm256_blendv_ps(_mm256_permutevar8x32_ps(low, which), _mm256_permutevar8x32_ps(high, which),
                          _mm256_castsi256_ps(_mm256_slli_epi32(which, 28)));
}
static inline __attribute__((always_inline)) void look_up_pieces_8(const fewtap_knot_piece *pieces, int32_t count,
                                                                   eight_wholes k, eight_floats *start,
                                                                   eight_floats *slope) {
  int32_t first = k[0] - 4 < count - 8 ? k[0] - 4 : count - 8;
  first = first > 0 ? first : 0;
  __m256i window = _mm256_sub_epi32((__m256i)k, _mm256_set1_epi32(first));
  if (count >= 8 && _mm256_testz_si256(window, _mm256_set1_epi32(~7))) {
    const float *row = &pieces[first].start;
    __m256 low = _mm256_loadu_ps(row), high = _mm256_loadu_ps(row + 8);
    __m256i even = _mm256_add_epi32(window, window);
    *start = (eight_floats)pick_of_16(low, high, even);
    *slope = (eight_floats)pick_of_16(low, high, _mm256_add_epi32(even, _mm256_set1_epi32(1)));
    return;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i++) (*start)[i] = pieces[k[i]].start, (*slope)[i] = pieces[k[i]].slope;
}

#define FEWTAP_TABLE fewtap_kernels_avx2
#define FEWTAP_LANES 8
#define FEWTAP_FUSED 1
#define FEWTAP_HALF 1  // converts halfs in hardware
#include "kernels.inc"
#pragma clang attribute pop
#else
typedef int fewtap_no_avx2;  // a translation unit may not be empty
#endif
