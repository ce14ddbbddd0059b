#include "CFewtapLAPACK.h"

#include <stddef.h>

// Fortran's interface, declared here so that no header of a LAPACK distribution is needed.
extern void dposv_(const char *uplo, const int *n, const int *nrhs, double *a, const int *lda, double *b, const int *ldb, int *info);
extern void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
extern void dpotrs_(const char *uplo, const int *n, const int *nrhs, const double *a, const int *lda, double *b, const int *ldb,
                    int *info);
extern void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info);
extern void dtrsm_(const char *side, const char *uplo, const char *trans, const char *diag, const int *m, const int *n,
                   const double *alpha, const double *a, const int *lda, double *b, const int *ldb);
extern void dsyrk_(const char *uplo, const char *trans, const int *n, const int *k, const double *alpha, const double *a,
                   const int *lda, const double *beta, double *c, const int *ldc);
extern void dgemv_(const char *trans, const int *m, const int *n, const double *alpha, const double *a, const int *lda,
                   const double *x, const int *incx, const double *beta, double *y, const int *incy);
extern void dgesvd_(const char *jobu, const char *jobvt, const int *m, const int *n, double *a, const int *lda, double *s,
                    double *u, const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork, int *info);
#if defined(__linux__)
extern void openblas_set_num_threads(int) __attribute__((weak));
#endif

void fewtap_lapack_use_one_thread(void) {
#if defined(__linux__)
  if (openblas_set_num_threads) openblas_set_num_threads(1);
#endif
}

// Fortran counts by columns: our upper triangle is its lower one.
static const char *const triangle = "L";

static fewtap_lapack_status status(int info) {
  return info == 0 ? FEWTAP_LAPACK_OK : info > 0 ? FEWTAP_LAPACK_NOT_POSITIVE : FEWTAP_LAPACK_BAD_ARGUMENT;
}

fewtap_lapack_status fewtap_solve_positive(int n, double *a, double *b) {
  if (n < 1 || !a || !b) return FEWTAP_LAPACK_BAD_ARGUMENT;
  int one = 1, info = 0;
  dposv_(triangle, &n, &one, a, &n, b, &n, &info);
  return status(info);
}

fewtap_lapack_status fewtap_factor_positive(int n, double *a) {
  if (n < 1 || !a) return FEWTAP_LAPACK_BAD_ARGUMENT;
  int info = 0;
  dpotrf_(triangle, &n, a, &n, &info);
  return status(info);
}

fewtap_lapack_status fewtap_solve_factored(int n, const double *factor, double *b) {
  if (n < 1 || !factor || !b) return FEWTAP_LAPACK_BAD_ARGUMENT;
  int one = 1, info = 0;
  dpotrs_(triangle, &n, &one, factor, &n, b, &n, &info);
  return status(info);
}

fewtap_lapack_status fewtap_invert_positive(int n, double *a) {
  if (n < 1 || !a) return FEWTAP_LAPACK_BAD_ARGUMENT;
  int info = 0;
  dpotrf_(triangle, &n, a, &n, &info);
  if (info == 0) dpotri_(triangle, &n, a, &n, &info);
  if (info != 0) return status(info);
  for (size_t i = 0; i < (size_t)n; i++)
    for (size_t j = i + 1; j < (size_t)n; j++) a[j * (size_t)n + i] = a[i * (size_t)n + j];
  return FEWTAP_LAPACK_OK;
}

fewtap_lapack_status fewtap_solve_triangular(int n, const double *factor, int transposed, int columns, double *b) {
  if (n < 1 || columns < 1 || !factor || !b) return FEWTAP_LAPACK_BAD_ARGUMENT;
  double one = 1;
  // By columns the unknown is a matrix of `columns` rows, which the factor, there a lower triangle, multiplies from the right.
  dtrsm_("R", triangle, transposed ? "T" : "N", "N", &columns, &n, &one, factor, &n, b, &columns);
  return FEWTAP_LAPACK_OK;
}

fewtap_lapack_status fewtap_subtract_square(int n, const double *u, double *a) {
  if (n < 1 || !u || !a) return FEWTAP_LAPACK_BAD_ARGUMENT;
  double minus = -1, one = 1;
  dsyrk_(triangle, "N", &n, &n, &minus, u, &n, &one, a, &n);
  return FEWTAP_LAPACK_OK;
}

fewtap_lapack_status fewtap_subtract_product(int n, const double *u, int transposed, const double *x, double *y) {
  if (n < 1 || !u || !x || !y) return FEWTAP_LAPACK_BAD_ARGUMENT;
  double minus = -1, one = 1;
  int step = 1;
  dgemv_(transposed ? "N" : "T", &n, &n, &minus, u, &n, x, &step, &one, y, &step);
  return FEWTAP_LAPACK_OK;
}

int fewtap_svd_scratch_count(int rows, int columns) {
  if (rows < 1 || columns < 1 || rows > FEWTAP_SVD_MAX_SIDE || columns > FEWTAP_SVD_MAX_SIDE) return 0;
  int least = rows < columns ? rows : columns, most = rows < columns ? columns : rows;
  int first = 3 * least + most, second = 5 * least;
  return first > second ? first : second;
}

fewtap_lapack_status fewtap_singular_values(int rows, int columns, double *a, double *values, double *left, double *right,
                                            double *scratch) {
  int count = fewtap_svd_scratch_count(rows, columns), info = 0;
  if (!count || !a || !values || !left || !right || !scratch) return FEWTAP_LAPACK_BAD_ARGUMENT;
  int rank = rows < columns ? rows : columns;
  // By columns our matrix is its transpose, so left and right change places.
  dgesvd_("S", "S", &columns, &rows, a, &columns, values, right, &columns, left, &rank, scratch, &count, &info);
  return info == 0 ? FEWTAP_LAPACK_OK : info > 0 ? FEWTAP_LAPACK_NOT_CONVERGED : FEWTAP_LAPACK_BAD_ARGUMENT;
}
