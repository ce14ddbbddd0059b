import FewtapCore

extension FilterSums {
  /// Those of one filter.
  init(_ filter: CompiledFilter) { self.init(filter.sum, cancels: filter.cancels) }
}

extension ApplyOptions {
  /// Throws for a border or coverage that filters of such sums cannot run with.
  func check(hasAlpha: Bool, _ sums: FilterSums) throws(ApplyError) {
    if case .constant(let value) = border, !value.isFinite { throw .nonFiniteBorder(value) }
    guard border == .normalized || (hasAlpha && !sums.cancels) else { return }
    if border == .normalized && sums.cancels { throw .zeroSumNormalized(sum: sums.common ?? sums.each[0]) }
    guard let sum = sums.common else { throw .sumsDiffer(sums.each) }
    guard ApplyError.divisibleSums.contains(abs(sum)) else { throw .sumBeyondFloat(sum) }
  }
}
