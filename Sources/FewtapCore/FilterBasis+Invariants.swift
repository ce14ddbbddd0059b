/// What every basis must satisfy, wherever it came from: checked when a file is read and before a basis is applied.
extension FilterBasis {
  /// Most filters in a basis.
  public static let maximumFilterCount = 1 << 16

  /// Throws the first rule that does not hold, with the path of the bad value.
  public func checkInvariants() throws(FilterError) {
    guard (1...ParameterAxis.maximumCount).contains(axes.count) else {
      throw FilterError("axes", "has \(axes.count) axes", "1 to \(ParameterAxis.maximumCount) axes")
    }
    for (index, axis) in axes.enumerated() {
      try axis.check("axes[\(index)]")
      if axes[..<index].contains(where: { $0.name == axis.name }) {
        throw FilterError("axes[\(index)].name", "is \(quoted(axis.name)) once more", "another name for each axis")
      }
    }
    var needed = 1
    for count in shape {
      needed = needed.multipliedReportingOverflow(by: count).overflow ? .max : needed * count
      guard needed <= Self.maximumFilterCount else {
        throw FilterError("axes", "have more than \(Self.maximumFilterCount) knots in all", "fewer knots")
      }
    }
    guard filters.count == needed else {
      throw FilterError(
        "filters", "has \(filters.count) filters",
        "\(needed): one for each knot of the grid "
          + shape.map(String.init).joined(separator: " x "))
    }
    for (index, filter) in filters.enumerated() {
      do throws(FilterError) { try filter.checkInvariants() } catch {
        throw FilterError(
          "filters[\(index)]" + (error.path.isEmpty ? "" : ".") + error.path, error.problem, error.expected)
      }
    }
    if interpolation == .offsets { try checkCorrespondence() } else { try checkPeriods() }
    if series != nil { try checkSeries() }
    try fit?.check(axes.count)
  }

  /// A periodic axis comes around: what its last knot has is what its first one has. (Interpolated taps may be other ones there,
  /// with the same kernel.)
  private func checkPeriods() throws(FilterError) {
    for (axis, knots) in axes.enumerated() where knots.isPeriodic {
      for index in filters.indices where knot(index)[axis] == knots.knots.count - 1 {
        var first = knot(index)
        first[axis] = 0
        let other = filters[self.index(of: first)]
        guard filters[index].chain == other.chain, filters[index].rate == other.rate, filters[index].gain == other.gain
        else {
          throw FilterError(
            "filters[\(index)]", "is not filters[\(self.index(of: first))]",
            "the same filter at both ends of \(quoted(knots.name)), which is periodic")
        }
      }
    }
  }

  /// The filters at the knots are the series'.
  private func checkSeries() throws(FilterError) {
    guard let series else { return }
    guard interpolation == .offsets else {
      throw FilterError(
        "interpolation", "is \(quoted(interpolation.rawValue))", "\"offsets\", since taps follow a series")
    }
    try series.check(axes.map(\.axis.range))
    if let index = axes.firstIndex(where: { $0.curve != nil }) {
      throw FilterError("axes[\(index)].curve", "is given", "none, since taps follow a series")
    }
    let expected = series.filters(at: axes.map(\.knots))
    if let index = expected.indices.first(where: { expected[$0] != filters[$0] }) {
      throw FilterError("filters[\(index)]", "is another filter than its series has there", "filters of the series")
    }
  }

  /// What interpolating taps needs.
  private func checkCorrespondence() throws(FilterError) {
    let layout = filters[0].chain.layout
    for (index, filter) in filters.enumerated() {
      guard filter.chain.model == .bilinear else {
        throw FilterError("filters[\(index)].taps", "is \"integer\"", "\"bilinear\", since offsets are interpolated")
      }
      guard filter.rate == nil else {
        throw FilterError("filters[\(index)].rate", "is given", "no rate, since offsets are interpolated")
      }
      guard filter.chain.layout == layout else {
        throw FilterError(
          "filters[\(index)].layers", "have \(filter.chain.layout) taps",
          "\(layout), as those of the first filter, since tap is interpolated with tap")
      }
    }
  }
}

extension KnotAxis {
  /// Throws the first rule that does not hold, with the path of the bad value.
  func check(_ path: String) throws(FilterError) {
    guard !name.isEmpty, name.utf8.count <= 64 else {
      throw FilterError("\(path).name", "is \(quoted(name))", "a name of 1 to 64 bytes")
    }
    guard unit.utf8.count <= 64 else {
      throw FilterError("\(path).unit", "is \(unit.utf8.count) bytes long", "at most 64 bytes")
    }
    guard Self.knotCounts.contains(knots.count) else {
      throw FilterError(
        "\(path).knots", "has \(knots.count) knots", "\(Self.knotCounts.lowerBound) to \(Self.knotCounts.upperBound)")
    }
    try ascend(knots, "\(path).knots")
    guard let curve else { return }
    guard (1...Self.maximumCurveCount).contains(curve.count) else {
      throw FilterError("\(path).curve", "has \(curve.count) points", "1 to \(Self.maximumCurveCount)")
    }
    try ascend(curve.map(\.value), "\(path).curve", "[0]")
    let ends = knots[0]...knots[knots.count - 1]
    if let index = curve.firstIndex(where: { !ends.contains($0.value) }) {
      throw FilterError(
        "\(path).curve[\(index)][0]", "is \(curve[index].value)",
        "a value from the first knot, \(ends.lowerBound), to the last, \(ends.upperBound)")
    }
    for (index, point) in curve.enumerated() {
      let next = knots.firstIndex { point.value <= $0 } ?? knots.count - 1
      let limits = knots[next] == point.value ? Double(next)...Double(next) : Double(next - 1)...Double(next)
      let before = index > 0 ? curve[index - 1].coordinate : 0
      guard limits.contains(point.coordinate), before <= point.coordinate else {
        throw FilterError(
          "\(path).curve[\(index)][1]", "is \(point.coordinate) at \(point.value)",
          "a coordinate that ascends from \(max(before, limits.lowerBound)) to \(limits.upperBound), the knot there")
      }
    }
  }

  private func ascend(_ values: [Double], _ path: String, _ member: String = "") throws(FilterError) {
    for (index, value) in values.enumerated() {
      guard value.isFinite, abs(value) <= 1e9 else {
        throw FilterError("\(path)[\(index)]\(member)", "is \(value)", "a finite number within 1e9")
      }
      // Neighbors must differ as Floats, too: pixels' values are.
      guard index == 0 || Float(values[index - 1]) < Float(value) else {
        throw FilterError("\(path)[\(index)]\(member)", "is \(value) after \(values[index - 1])", "ascending values")
      }
    }
  }
}

extension BasisRecord {
  fileprivate func check(_ axisCount: Int) throws(FilterError) {
    let numbers = [
      ("photoPSNR", photoPSNR), ("worstPhotoPSNR", worstPhotoPSNR), ("relativeError", relativeError),
      ("noiseGain", noiseGain),
    ]
    for (key, value) in numbers where !value.isFinite {
      throw FilterError("fit.\(key)", "is \(value)", "a finite number")
    }
    guard sampleCount >= 0 else { throw FilterError("fit.sampleCount", "is \(sampleCount)", "0 or more") }
    guard worstAt.count == axisCount, worstAt.allSatisfy(\.isFinite) else {
      throw FilterError("fit.worstAt", "is \(worstAt)", "one finite number for each axis")
    }
  }
}
