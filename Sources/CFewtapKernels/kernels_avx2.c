// The kernels for AVX2 with FMA and F16C; called only where the processor has them.
#if defined(__x86_64__) && defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define FEWTAP_TABLE fewtap_kernels_avx2
#define FEWTAP_LANES 8
#define FEWTAP_FUSED 1
#define FEWTAP_HALF 1  // converts halfs in hardware
#include "kernels.inc"
#pragma clang attribute pop
#else
typedef int fewtap_no_avx2;  // a translation unit may not be empty
#endif
