import FewtapCore

extension KernelFamily {
  /// A family in words: a specification of a kernel (``KernelSpecification``) in which some numbers are ranges `a...b`, for
  /// example `disk:radius=0...24` or `motion:length=1...24,angle=0...180`. `motion` stands for `line`.
  ///
  /// A length of 0 stands for the least that the kernel has, a single pixel. Another length may be given as a percentage of the
  /// first range's: `star:radius=4...22,inner=32%,rotation=0...90`. An angle over whose range the kernel comes back to itself is
  /// periodic.
  /// Throws: ``TargetError``: as ``KernelSpecification/init(_:)``; no range; a range of one value; a range beyond the
  ///         parameter's own; ends that make no kernel; a parameter that does not change the kernel.
  public init(_ text: String) throws(TargetError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let given = parts[0].trimmed
    let entry = try KernelCatalog.entry(named: given == "motion" ? "line" : given)
    var (fixed, shares): ([String: ParameterValue], [String: (share: Double, least: Double)]) = ([:], [:])
    var ranges: [(parameter: KernelParameter, range: ClosedRange<Double>)] = []
    for assignment in parts.count < 2 ? [] : parts[1].split(separator: ",", omittingEmptySubsequences: false) {
      let sides = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(\.trimmed)
      guard sides.count == 2, !sides[0].isEmpty else { throw .notAnAssignment(kernel: entry.name, assignment.trimmed) }
      let parameter = try entry.parameter(named: sides[0])
      let known = fixed[parameter.key] != nil || shares[parameter.key] != nil
      guard !known, !ranges.contains(where: { $0.parameter.key == parameter.key }) else {
        throw .duplicateParameter(kernel: entry.name, parameter.key)
      }
      func malformed(_ expected: String) -> TargetError {
        .malformed(kernel: entry.name, parameter: parameter.key, text: sides[1], expected: expected)
      }
      if sides[1].contains("...") {
        guard case .number(let domain, let unit) = parameter.domain else {
          throw malformed(parameter.domain.description + ", not a range")
        }
        guard let range = parameter.domain.range(of: sides[1]) else {
          throw malformed(KernelParameter.Domain.rangeForm)
        }
        // A length of 0 is the least one.
        for end in [range.lowerBound, range.upperBound]
        where !(domain.contains(end) || (end == 0 && domain.lowerBound > 0 && unit == "px")) {
          throw .outOfRange(
            kernel: entry.name, parameter: parameter.key, value: end, expected: parameter.domain.description)
        }
        ranges.append((parameter, range))
      } else if sides[1].hasSuffix("%") {
        guard case .number(_, "px") = parameter.domain,
          case .number(let percent) = parameter.domain.value(of: sides[1].dropLast().trimmed), percent > 0
        else { throw malformed("a length's percentage above 0") }
        shares[parameter.key] = (percent / 100, parameter.smallest)
      } else {
        guard let value = parameter.domain.value(of: sides[1]) else { throw malformed(parameter.domain.description) }
        fixed[parameter.key] = value
      }
    }
    guard !ranges.isEmpty else { throw .notAFamily(kernel: entry.name, text) }
    guard ranges.count <= ParameterAxis.maximumCount else {
      throw .contradiction(kernel: entry.name, "it has \(ranges.count) ranges, at most \(ParameterAxis.maximumCount)")
    }
    let lengths = ranges.indices.filter { ranges[$0].parameter.unit == "px" }
    guard shares.isEmpty || !lengths.isEmpty else {
      throw .contradiction(kernel: entry.name, "a percentage needs a length with a range")
    }
    var least = ranges.map { $0.parameter.smallest }
    if let first = lengths.first {
      // Percentages of the least length must be lengths too, and so must what they leave of it, by more than rounding.
      for (share, smallest) in shares.values where share != 1 {
        least[first] = max(least[first], 2 * smallest / min(share, abs(1 - share)))
      }
    }
    let (name, values, percentages, smallest) = (entry.name, fixed, shares, least)
    let keys = ranges.map(\.parameter.key)
    self = try KernelFamily(
      name: text,
      axes: ranges.map { ParameterAxis(name: $0.parameter.key, unit: $0.parameter.unit, range: $0.range) }
    ) { point in
      var values = values
      for (key, (value, least)) in zip(keys, zip(point, smallest)) { values[key] = .number(max(value, least)) }
      for (key, (share, least)) in percentages {
        values[key] = lengths.first.map { .number(max(share * max(point[$0], smallest[$0]), least)) }
      }
      return try KernelSpecification(name, values).makeKernel()
    }.checked(findingPeriods: true)
  }
}

extension KernelParameter {
  /// The unit of its numbers; empty for those without one.
  fileprivate var unit: String {
    guard case .number(_, let unit) = domain else { return "" }
    return unit
  }

  /// The least of its numbers; none for those that have no range.
  fileprivate var smallest: Double {
    guard case .number(let range, _) = domain else { return -.infinity }
    return range.lowerBound
  }
}
