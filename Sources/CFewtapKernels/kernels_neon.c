// The kernels for NEON, which every 64-bit Arm has.
#if defined(__aarch64__) && defined(__clang__)
#define FEWTAP_TABLE fewtap_kernels_neon
#define FEWTAP_LANES 4
#define FEWTAP_VECTORS 2  // 32 registers hold 8 x 2 sums
#define FEWTAP_FUSED 1
#define FEWTAP_HALF 1  // converts halfs in hardware
#include "kernels.inc"
#else
typedef int fewtap_no_neon;  // a translation unit may not be empty
#endif
