// The kernels for the instruction set that the compiler targets by default (SSE2 on x86-64, NEON on 64-bit Arm).
#define FEWTAP_TABLE fewtap_math_base
#include "kernels.inc"
