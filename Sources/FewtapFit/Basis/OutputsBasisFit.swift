import FewtapCore
import FewtapTargets

struct OutputsBasisFit: Sendable {
  init(_ family: KernelFamily, _ options: BasisFitOptions) throws {}
  func run(resuming: BasisCheckpoint?, _ watch: BasisFitWatch) throws -> FilterBasis {
    throw BasisFitError.operatorNotAvailable(.outputs)
  }
}
