// The kernels for AVX-512; called only where the processor has it.
#if defined(__x86_64__) && defined(__clang__)
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "CFewtapKernels.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))), apply_to = function)

// One of 16 floats by the exponent of each of 16 floats' bits.
#define FEWTAP_PICK(table, bits) _mm512_permutexvar_ps((__m512i)((bits) >> 23), _mm512_loadu_ps(table))

// out[i] = table[in[i]]: a table of 256 floats fits in half of the registers, where picking is faster than loading. Reads
// `in` up to the next multiple of 16.
#define FEWTAP_LOOK_UP_BYTES look_up_bytes
static void look_up_bytes(const uint8_t *in, const float *table, float *out, int count) {
  __m512 entries[16], picked[8];
#pragma clang loop unroll(full)
  for (int k = 0; k < 16; k++) entries[k] = _mm512_loadu_ps(table + 16 * k);
  for (int i = 0; i < count; i += 16) {
    __m512i codes = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(in + i)));
    __mmask16 bit5 = _mm512_test_epi32_mask(codes, _mm512_set1_epi32(32));
    __mmask16 bit6 = _mm512_test_epi32_mask(codes, _mm512_set1_epi32(64));
    __mmask16 bit7 = _mm512_test_epi32_mask(codes, _mm512_set1_epi32(128));
#pragma clang loop unroll(full)
    for (int k = 0; k < 8; k++) picked[k] = _mm512_permutex2var_ps(entries[2 * k], codes, entries[2 * k + 1]);
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++) picked[k] = _mm512_mask_blend_ps(bit5, picked[2 * k], picked[2 * k + 1]);
    __m512 low = _mm512_mask_blend_ps(bit6, picked[0], picked[1]), high = _mm512_mask_blend_ps(bit6, picked[2], picked[3]);
    __mmask16 inside = count - i < 16 ? (__mmask16)((1u << (count - i)) - 1) : 0xffff;
    _mm512_mask_storeu_ps(out + i, inside, _mm512_mask_blend_ps(bit7, low, high));
  }
}

// Start and slope of 16 cells. Where all lie within 16 of each other, as on a smooth map, those 16 pieces are loaded whole and
// picked from; else 16 loads of both are taken apart, which measured takes half as long as gathers do.
#define FEWTAP_LOOK_UP_PIECES look_up_pieces_16
#define TWO_PIECES(a, b) _mm_loadh_pd(_mm_load_sd(pairs + cells[a]), pairs + cells[b])
#define FOUR_PIECES(a) _mm256_insertf128_pd(_mm256_castpd128_pd256(TWO_PIECES(a, a + 1)), TWO_PIECES(a + 2, a + 3), 1)
#define EIGHT_PIECES(a) _mm512_castpd_ps(_mm512_insertf64x4(_mm512_castpd256_pd512(FOUR_PIECES(a)), FOUR_PIECES(a + 4), 1))
typedef float sixteen_floats __attribute__((ext_vector_type(16)));
typedef int32_t sixteen_wholes __attribute__((ext_vector_type(16)));
static inline __attribute__((always_inline)) void look_up_pieces_16(const fewtap_knot_piece *pieces, int32_t count,
                                                                    sixteen_wholes k, sixteen_floats *start,
                                                                    sixteen_floats *slope) {
  const __m512i odd = _mm512_set1_epi32(1);
  int32_t first = k[0] - 8 < count - 16 ? k[0] - 8 : count - 16;
  first = first > 0 ? first : 0;
  __m512i window = _mm512_sub_epi32((__m512i)k, _mm512_set1_epi32(first)), even = _mm512_add_epi32(window, window);
  if (count >= 16 && _mm512_cmpge_epu32_mask(window, _mm512_set1_epi32(16)) == 0) {
    const float *row = &pieces[first].start;
    __m512 low = _mm512_loadu_ps(row), high = _mm512_loadu_ps(row + 16);
    *start = (sixteen_floats)_mm512_permutex2var_ps(low, even, high);
    *slope = (sixteen_floats)_mm512_permutex2var_ps(low, _mm512_add_epi32(even, odd), high);
    return;
  }
  const double *pairs = (const double *)pieces;
  int32_t cells[16];
  _mm512_storeu_si512(cells, (__m512i)k);
  __m512 low = EIGHT_PIECES(0), high = EIGHT_PIECES(8);
  even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  *start = (sixteen_floats)_mm512_permutex2var_ps(low, even, high);
  *slope = (sixteen_floats)_mm512_permutex2var_ps(low, _mm512_add_epi32(even, odd), high);
}

#define FEWTAP_TABLE fewtap_kernels_avx512
#define FEWTAP_LANES 16
#define FEWTAP_VECTORS 2  // 32 registers hold 8 x 2 sums
#define FEWTAP_FUSED 1
#define FEWTAP_HALF 1  // converts halfs in hardware
#include "kernels.inc"
#pragma clang attribute pop
#else
typedef int fewtap_no_avx512;  // a translation unit may not be empty
#endif
