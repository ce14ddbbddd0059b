package import CFewtapKernels

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The C kernels of one instruction set.
package struct RowKernels: @unchecked Sendable {
  /// Functions without state: the pointers are to constants.
  package let table: fewtap_kernels
  /// `scalar`, `sse2`, `avx2`, `avx512` or `neon`.
  package let name: String

  /// Whether layers may be faster on half floats: where a load that straddles two lines of the cache costs more than a
  /// conversion. Nearly all of 64 bytes do; AVX2 lost up to 7% by them, and NEON was not measured.
  var gainsFromHalfs: Bool { name == "avx512" }

  /// Every set that this machine has, narrowest first; tests run them all.
  package static let all: [RowKernels] = [
    ("scalar", FEWTAP_KERNELS_SCALAR), ("sse2", FEWTAP_KERNELS_SSE2), ("avx2", FEWTAP_KERNELS_AVX2),
    ("avx512", FEWTAP_KERNELS_AVX512), ("neon", FEWTAP_KERNELS_NEON),
  ].compactMap { name, isa in fewtap_kernels_for(isa).map { RowKernels(table: $0.pointee, name: name) } }

  /// The widest set that this machine has, or the one that the environment's `FEWTAP_ISA` names.
  ///
  /// Throws: ``ApplyError/unknownInstructionSet(_:available:)``.
  package static func chosen() throws(ApplyError) -> RowKernels {
    guard let name = ProcessInfo.processInfo.environment["FEWTAP_ISA"], !name.isEmpty else { return all[all.count - 1] }
    guard let kernels = all.first(where: { $0.name == name }) else {
      throw .unknownInstructionSet(name, available: all.map(\.name))
    }
    return kernels
  }
}

/// A status other than OK can only be a defect of ours: sizes and buffers were checked before.
@inline(__always)
func check(_ status: fewtap_kernels_status) {
  precondition(status == FEWTAP_KERNELS_OK, "CFewtapKernels answered \(status)")
}
