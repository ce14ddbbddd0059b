// The kernels one number at a time: what every machine can run, and the simplest code to hold the others to.
#define FEWTAP_TABLE fewtap_kernels_scalar
#define FEWTAP_LANES 1
#include "kernels.inc"
