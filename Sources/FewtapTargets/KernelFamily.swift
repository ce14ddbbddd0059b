import FewtapCore

/// Kernels that change with parameters: a lens out of focus by any amount, motion of any length and direction.
public struct KernelFamily: Sendable {
  /// Specification or file name.
  public let name: String
  /// The parameters that change; one or more.
  public let axes: [ParameterAxis]
  private let make: @Sendable ([Double]) throws -> Kernel

  /// A family made by a closure, which gets one value an axis, each in its range.
  public init(name: String, axes: [ParameterAxis], make: @escaping @Sendable ([Double]) throws -> Kernel) {
    (self.name, self.axes, self.make) = (name, axes, make)
  }

  /// The kernel at a point, one value an axis.
  ///
  /// Throws: what the family's maker throws.
  public func kernel(at point: [Double]) throws -> Kernel {
    precondition(point.count == axes.count, "a point needs one value for each axis")
    return try make(zip(axes, point).map { $0.admitted($1) })
  }
}

extension KernelFamily {
  /// A family in words: a specification of a kernel (``KernelSpecification``) in which some numbers are ranges `a...b`, for
  /// example `disk:radius=0...24` or `motion:length=1...24,angle=0...180`. `motion` stands for `line`.
  ///
  /// A length of 0 stands for the least that the kernel has, a single pixel. Another length may be given as a percentage of the
  /// first range's: `star:radius=4...22,inner=32%,rotation=0...90`. An angle over whose range the kernel comes back to itself is
  /// periodic.
  /// Throws: ``TargetError``: as ``KernelSpecification/init(_:)``; no range; a range of one value; a range beyond the
  ///         parameter's own; ends that make no kernel.
  public init(_ text: String) throws(TargetError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let given = parts[0].trimmed
    let entry = try KernelCatalog.entry(named: given == "motion" ? "line" : given)
    var (fixed, shares): ([String: ParameterValue], [String: Double]) = ([:], [:])
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
      if let dots = sides[1].firstRange(of: "...") {
        guard case .number(let domain, let unit) = parameter.domain else {
          throw malformed(parameter.domain.description + ", not a range")
        }
        let ends = [sides[1][..<dots.lowerBound], sides[1][dots.upperBound...]].map(\.trimmed)
        guard case .number(let low) = parameter.domain.value(of: ends[0]),
          case .number(let high) = parameter.domain.value(of: ends[1]), low < high
        else { throw malformed("two ascending numbers a...b, or one number") }
        // A length of 0 is the least one.
        for end in [low, high] where !(domain.contains(end) || (end == 0 && domain.lowerBound > 0 && unit == "px")) {
          throw .outOfRange(
            kernel: entry.name, parameter: parameter.key, value: end, expected: parameter.domain.description)
        }
        ranges.append((parameter, low...high))
      } else if sides[1].hasSuffix("%") {
        guard case .number(_, "px") = parameter.domain,
          case .number(let percent) = parameter.domain.value(of: String(sides[1].dropLast())), percent > 0
        else { throw malformed("a length's percentage above 0") }
        shares[parameter.key] = percent / 100
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
    let (keys, domains) = (ranges.map(\.parameter.key), ranges.map { $0.parameter.domain })
    let (name, values, percentages) = (entry.name, fixed, shares)
    let make: @Sendable ([Double]) throws(TargetError) -> Kernel = { point throws(TargetError) in
      var values = values
      for (index, key) in keys.enumerated() {
        guard case .number(let domain, _) = domains[index] else { continue }
        values[key] = .number(max(point[index], domain.lowerBound))
      }
      if let first = lengths.first {
        for (key, share) in percentages {
          guard case .number(let domain, _) = domains[first] else { continue }
          values[key] = .number(max(share * max(point[first], domain.lowerBound), domain.lowerBound))
        }
      }
      return try KernelSpecification(name, values).makeKernel()
    }
    // The ends must make kernels; whether an angle comes around shows in the middle of the others.
    _ = try make(ranges.map(\.range.lowerBound))
    _ = try make(ranges.map(\.range.upperBound))
    let middle = ranges.map { ($0.range.lowerBound + $0.range.upperBound) / 2 }
    var axes: [ParameterAxis] = []
    for (index, entry) in ranges.enumerated() {
      var (low, high) = (middle, middle)
      (low[index], high[index]) = (entry.range.lowerBound, entry.range.upperBound)
      let isPeriodic = entry.parameter.unit == "degrees" ? try make(low).isEqual(to: make(high)) : false
      axes.append(
        ParameterAxis(
          name: entry.parameter.key, unit: entry.parameter.unit, range: entry.range, isPeriodic: isPeriodic))
    }
    self.init(name: text, axes: axes, make: make)
  }
}

extension KernelParameter {
  /// The unit of its numbers; empty for those without one.
  fileprivate var unit: String {
    guard case .number(_, let unit) = domain else { return "" }
    return unit
  }
}

extension Kernel {
  /// Whether the weights are the other's, but for what drawing at another angle rounds: 2^-32 of the largest weight.
  package func isEqual(to other: Kernel) -> Bool {
    let reach = max(radius, other.radius)
    let largest = values.values.reduce(0) { max($0, abs($1)) }
    func weight(_ kernel: Kernel, _ x: Int, _ y: Int) -> Double {
      let (column, row) = (x + kernel.center.x, y + kernel.center.y)
      guard (0..<kernel.width).contains(column), (0..<kernel.height).contains(row) else { return 0 }
      return kernel.values[column, row]
    }
    for y in -reach...reach {
      for x in -reach...reach where abs(weight(self, x, y) - weight(other, x, y)) > 0x1p-32 * largest { return false }
    }
    return true
  }
}

extension StringProtocol {
  /// The text without the spaces around it.
  fileprivate var trimmed: String {
    let rest = drop(while: \.isWhitespace)
    guard let last = rest.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(rest[...last])
  }
}
