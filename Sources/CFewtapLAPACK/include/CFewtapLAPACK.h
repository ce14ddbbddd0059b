// The few LAPACK routines that the fit needs, over OpenBLAS (Linux) or Accelerate (Apple). Matrices are n x n, row-major,
// symmetric positive definite; one thread a call, so that results do not depend on how many there are.
#ifndef CFEWTAP_LAPACK_H
#define CFEWTAP_LAPACK_H

typedef enum {
  FEWTAP_LAPACK_OK = 0,
  FEWTAP_LAPACK_BAD_ARGUMENT = 1,
  FEWTAP_LAPACK_NOT_POSITIVE = 2,  // the matrix is not positive definite to working precision
} fewtap_lapack_status;

// Keeps the library from starting threads of its own; call once before the others.
void fewtap_lapack_use_one_thread(void);

// Solves a x = b by Cholesky; b becomes x, the upper triangle of a (which alone is read) its factor.
fewtap_lapack_status fewtap_solve_positive(int n, double *a, double *b);

// Replaces a (its upper triangle is read) by its inverse, both triangles.
fewtap_lapack_status fewtap_invert_positive(int n, double *a);

#endif
