/// What every series must satisfy, wherever it came from.
extension TapSeries {
  /// Most functions of a parameter.
  public static let maximumFunctionCount = 64
  /// Most coefficients in all: a hundred taps' with three thousand terms.
  public static let maximumCoefficientCount = 1 << 20

  /// Throws the first rule that does not hold, with the path of the bad value in a basis' file; `ranges` are those of the basis'
  /// axes.
  func check(_ ranges: [ClosedRange<Double>]) throws(FilterError) {
    guard axes.count == ranges.count, (1...ParameterAxis.maximumCount).contains(axes.count) else {
      throw FilterError("series.functions", "has \(axes.count) entries", "one for each of \(ranges.count) axes")
    }
    for (index, axis) in axes.enumerated() {
      try axis.check("series.functions[\(index)]")
      guard axis.range == ranges[index] else {
        throw FilterError(
          "series.functions[\(index)]", "is for \(axis.range)", "\(ranges[index]), the range of its axis")
      }
    }
    guard (1...SparseFilter.maximumLayerCount).contains(layers.count) else {
      throw FilterError(
        "series.layers", "has \(layers.count) layers", "1 to \(SparseFilter.maximumLayerCount) layers")
    }
    let count = termCount
    try check(gain, "series.gain", count)
    var total = 0
    for (l, layer) in layers.enumerated() {
      guard (1...SparseFilter.maximumTapCount).contains(layer.count) else {
        throw FilterError("series.layers[\(l)]", "has \(layer.count) taps", "1 to \(SparseFilter.maximumTapCount) taps")
      }
      total += 3 * count * layer.count
      guard total <= Self.maximumCoefficientCount else {
        throw FilterError("series.layers", "has more than \(Self.maximumCoefficientCount) coefficients", "fewer")
      }
      for (i, track) in layer.enumerated() {
        try check(track.x, "series.layers[\(l)][\(i)].x", count)
        try check(track.y, "series.layers[\(l)][\(i)].y", count)
        try check(track.weight, "series.layers[\(l)][\(i)].weight", count)
      }
    }
  }

  private func check(_ values: [Double], _ path: @autoclosure () -> String, _ count: Int) throws(FilterError) {
    guard values.count == count else {
      throw FilterError(
        path(), "has \(values.count) coefficients",
        "\(count): one for each product of \(shape.map(String.init).joined(separator: " x ")) functions")
    }
    for (index, value) in values.enumerated() where !(abs(value) <= 1e9) {
      throw FilterError("\(path())[\(index)]", "is \(value)", "a finite number within 1e9")
    }
  }
}

extension TapSeries.Axis {
  fileprivate func check(_ path: String) throws(FilterError) {
    let counts = 1...TapSeries.maximumFunctionCount
    guard counts.contains(functions.count) else {
      throw FilterError("\(path).count", "is \(functions.count)", "\(counts.lowerBound) to \(counts.upperBound)")
    }
    if case .fourier(_, let period) = functions, !(period > 0 && period <= 1e9) {
      throw FilterError("\(path).period", "is \(period)", "a number above 0, to 1e9")
    }
    guard abs(turn) <= 360 else { throw FilterError("\(path).turn", "is \(turn)", "a finite number within 360") }
  }
}
