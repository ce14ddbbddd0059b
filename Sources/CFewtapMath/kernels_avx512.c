// The kernels for AVX-512; called only where the processor has it.
#if defined(__x86_64__) && defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define FEWTAP_TABLE fewtap_math_avx512
#define FEWTAP_ACCUMULATORS 8
#include "kernels.inc"
#pragma clang attribute pop
#else
typedef int fewtap_no_avx512;  // a translation unit may not be empty
#endif
