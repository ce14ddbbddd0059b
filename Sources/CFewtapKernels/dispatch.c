// Chooses the kernels for the processor that runs.
#include "CFewtapKernels.h"

extern const fewtap_kernels fewtap_kernels_scalar;

#if defined(__x86_64__) && defined(__clang__)
extern const fewtap_kernels fewtap_kernels_sse2, fewtap_kernels_avx2, fewtap_kernels_avx512;

const fewtap_kernels *fewtap_kernels_for(fewtap_kernels_isa isa) {
  __builtin_cpu_init();
  int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  switch (isa) {
    case FEWTAP_KERNELS_SCALAR: return &fewtap_kernels_scalar;
    case FEWTAP_KERNELS_SSE2: return &fewtap_kernels_sse2;
    case FEWTAP_KERNELS_AVX2: return avx2 ? &fewtap_kernels_avx2 : 0;
    case FEWTAP_KERNELS_AVX512: return avx512 ? &fewtap_kernels_avx512 : 0;
    default: return 0;
  }
}
#elif defined(__aarch64__) && defined(__clang__)
extern const fewtap_kernels fewtap_kernels_neon;

const fewtap_kernels *fewtap_kernels_for(fewtap_kernels_isa isa) {
  return isa == FEWTAP_KERNELS_NEON ? &fewtap_kernels_neon : isa == FEWTAP_KERNELS_SCALAR ? &fewtap_kernels_scalar : 0;
}
#else
const fewtap_kernels *fewtap_kernels_for(fewtap_kernels_isa isa) {
  return isa == FEWTAP_KERNELS_SCALAR ? &fewtap_kernels_scalar : 0;
}
#endif
