// The few LAPACK routines that fits and their rivals need, over OpenBLAS (Linux) or Accelerate (Apple). Matrices are row-major;
// one thread a call, so that results do not depend on how many there are.
#ifndef CFEWTAP_LAPACK_H
#define CFEWTAP_LAPACK_H

typedef enum {
  FEWTAP_LAPACK_OK = 0,
  FEWTAP_LAPACK_BAD_ARGUMENT = 1,
  FEWTAP_LAPACK_NOT_POSITIVE = 2,  // the matrix is not positive definite to working precision
  FEWTAP_LAPACK_NOT_CONVERGED = 3,  // the iteration for the singular values gave up
} fewtap_lapack_status;

// Keeps the library from starting threads of its own; call once before the others.
void fewtap_lapack_use_one_thread(void);

// Solves a x = b for a symmetric positive definite n x n matrix by Cholesky; b becomes x, the upper triangle of a (which alone is read) its factor.
fewtap_lapack_status fewtap_solve_positive(int n, double *a, double *b);

// Replaces the upper triangle (which alone is read) of a symmetric positive definite n x n matrix by its Cholesky factor R,
// a = R^T R.
fewtap_lapack_status fewtap_factor_positive(int n, double *a);

// Solves a x = b with the factor that fewtap_factor_positive made of a; b becomes x.
fewtap_lapack_status fewtap_solve_factored(int n, const double *factor, double *b);

// Replaces a symmetric positive definite n x n matrix (its upper triangle is read) by its inverse, both triangles.
fewtap_lapack_status fewtap_invert_positive(int n, double *a);

// Solves R^T x = b (transposed is not 0) or R x = b for the upper triangular n x n factor R; b, n x columns, becomes x.
fewtap_lapack_status fewtap_solve_triangular(int n, const double *factor, int transposed, int columns, double *b);

// a -= u^T u in the upper triangle of a; both n x n.
fewtap_lapack_status fewtap_subtract_square(int n, const double *u, double *a);

// y -= u x, or u^T x if transposed is not 0; u: n x n.
fewtap_lapack_status fewtap_subtract_product(int n, const double *u, int transposed, const double *x, double *y);

// Largest side of a matrix whose singular values can be asked for.
#define FEWTAP_SVD_MAX_SIDE 8192

// Numbers of scratch that fewtap_singular_values needs; 0 for sides below 1 or beyond FEWTAP_SVD_MAX_SIDE.
int fewtap_svd_scratch_count(int rows, int columns);

// The thin singular value decomposition a[i][j] = sum_k left[i][k] values[k] right[k][j], k < min(rows, columns), values falling.
// a: rows x columns, overwritten; left: rows x min; right: min x columns.
fewtap_lapack_status fewtap_singular_values(int rows, int columns, double *a, double *values, double *left, double *right,
                                            double *scratch);

#endif
