// Chooses the kernels for the processor that runs.
#include "CFewtapMath.h"

extern const fewtap_math fewtap_math_base;

#if defined(__x86_64__) && defined(__clang__)
extern const fewtap_math fewtap_math_avx2, fewtap_math_avx512;

const fewtap_math *fewtap_math_for(fewtap_isa isa) {
  __builtin_cpu_init();
  switch (isa) {
    case FEWTAP_ISA_BASE:
      return &fewtap_math_base;
    case FEWTAP_ISA_AVX2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &fewtap_math_avx2 : 0;
    case FEWTAP_ISA_AVX512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
                 ? &fewtap_math_avx512
                 : 0;
  }
  return 0;
}
#else
const fewtap_math *fewtap_math_for(fewtap_isa isa) { return isa == FEWTAP_ISA_BASE ? &fewtap_math_base : 0; }
#endif

fewtap_isa fewtap_math_best_isa(void) {
  return fewtap_math_for(FEWTAP_ISA_AVX512) ? FEWTAP_ISA_AVX512 : fewtap_math_for(FEWTAP_ISA_AVX2) ? FEWTAP_ISA_AVX2 : FEWTAP_ISA_BASE;
}
