package import CFewtapMath

/// The C kernels of one instruction set.
package struct MathKernels: @unchecked Sendable {
  /// Functions without state: the pointer is to a constant.
  package let table: fewtap_math
  /// `base`, `avx2` or `avx512`.
  package let name: String

  /// The widest set that this machine has.
  package static let best = all.last!

  /// Every set that this machine has, narrowest first; tests run them all.
  package static let all: [MathKernels] = [
    ("base", FEWTAP_ISA_BASE), ("avx2", FEWTAP_ISA_AVX2), ("avx512", FEWTAP_ISA_AVX512),
  ].compactMap { name, isa in fewtap_math_for(isa).map { MathKernels(table: $0.pointee, name: name) } }
}

/// A status other than OK can only be a defect of ours: sizes and buffers are made by the callers, never by a user.
package func check(_ status: fewtap_math_status) {
  precondition(status == FEWTAP_MATH_OK, "CFewtapMath answered \(status)")
}
