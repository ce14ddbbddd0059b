// The kernels for AVX2; called only where the processor has it.
#if defined(__x86_64__) && defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define FEWTAP_TABLE fewtap_math_avx2
#include "kernels.inc"
#pragma clang attribute pop
#else
typedef int fewtap_no_avx2;  // a translation unit may not be empty
#endif
