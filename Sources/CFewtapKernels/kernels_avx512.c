// The kernels for AVX-512; called only where the processor has it.
#if defined(__x86_64__) && defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))), apply_to = function)
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
