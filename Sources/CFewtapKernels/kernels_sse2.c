// The kernels for SSE2, which every x86-64 has.
#if defined(__x86_64__) && defined(__clang__)
#define FEWTAP_TABLE fewtap_kernels_sse2
#define FEWTAP_LANES 4
#include "kernels.inc"
#else
typedef int fewtap_no_sse2;  // a translation unit may not be empty
#endif
