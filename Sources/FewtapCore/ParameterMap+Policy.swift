/// What becomes of a pixel whose parameter is NaN.
public enum MapNaN: String, CaseIterable, Sendable {
  /// There is no result.
  case refuse
  /// It gets the least value that the basis has.
  case low
  /// It gets the largest value that the basis has.
  case high
}

/// What a map holds of one parameter, and what of that a basis was not made for.
public struct MapSurvey: Equatable, Sendable {
  /// The parameter.
  public let axis: String
  /// Least and largest value; nil if there is no number at all.
  public internal(set) var seen: ClosedRange<Float>?
  /// Pixels outside of the range, which get the nearest end. None on a periodic axis.
  public internal(set) var outsideCount = 0
  /// Pixels that are NaN.
  public internal(set) var nanCount = 0
  /// The first of them, in reading order.
  var firstNaN: (x: Int, y: Int, value: Float)?

  /// Two surveys are equal if they counted the same.
  public static func == (a: MapSurvey, b: MapSurvey) -> Bool {
    a.axis == b.axis && a.seen == b.seen && a.outsideCount == b.outsideCount && a.nanCount == b.nanCount
  }
}

extension ParameterMap {
  /// The map as a basis over `axes` can use it, NaN replaced and values clamped to the ranges or wrapped into them; and what was
  /// found on the way. Reads the whole map once, and again when its rows are asked for.
  ///
  /// Throws: ``MapError/notANumber(axis:x:y:value:)`` unless `nan` says otherwise; ``MapError/outside(axis:count:seen:allowed:)``
  ///         if `isStrict` and a value is outside.
  public func admitted(
    to axes: [ParameterAxis], nan: MapNaN = .refuse, isStrict: Bool = false, threads: Int = 1
  ) throws(MapError) -> (map: ParameterMap, surveys: [MapSurvey]) {
    precondition(axes.count == axisCount, "a map needs as many parameters as the basis")
    var surveys: [MapSurvey] = []
    for (index, axis) in axes.enumerated() {
      let survey = survey(index, axis, threads: threads)
      if nan == .refuse, let bad = survey.firstNaN {
        throw .notANumber(axis: axis.name, x: bad.x, y: bad.y, value: bad.value)
      }
      if isStrict, survey.outsideCount > 0, let seen = survey.seen {
        throw .outside(axis: axis.name, count: survey.outsideCount, seen: seen, allowed: axis.range)
      }
      surveys.append(survey)
    }
    let map = ParameterMap(width: width, height: height, axisCount: axisCount) { index, row, values in
      load(axis: index, row: row, into: values)
      let axis = axes[index]
      let (low, high) = (axis.lowest, axis.highest)
      for column in values.indices where !(values[column] >= low && values[column] <= high) {
        let value = values[column]
        if axis.isNaN(value) {
          values[column] = nan == .high ? high : low
        } else {
          values[column] = min(max(Float(axis.admitted(Double(value))), low), high)
        }
      }
    }
    return (map, surveys)
  }

  /// What the map holds of a parameter: the same for any number of threads.
  private func survey(_ index: Int, _ axis: ParameterAxis, threads: Int) -> MapSurvey {
    // Rows enough for a thread to be worth its start.
    let rows = max(1, (1 << 16) / max(1, width))
    let parts = parallelMap(count: (height + rows - 1) / rows, threads: threads) { part in
      var survey = MapSurvey(axis: axis.name)
      var values = [Float](repeating: 0, count: width)
      for row in part * rows..<min((part + 1) * rows, height) {
        values.withUnsafeMutableBufferPointer { load(axis: index, row: row, into: $0) }
        survey.add(values, row: row, axis)
      }
      return survey
    }
    return parts.dropFirst().reduce(parts.first ?? MapSurvey(axis: axis.name)) { $0.joined($1) }
  }
}

extension ParameterAxis {
  /// The ends as pixels' values have them: what lies between them, rounding included, is in the range.
  fileprivate var lowest: Float { Float(range.lowerBound) }
  fileprivate var highest: Float { Float(range.upperBound) }

  fileprivate func isNaN(_ value: Float) -> Bool { value.isNaN || (isPeriodic && !value.isFinite) }
}

extension MapSurvey {
  init(axis: String) { self.axis = axis }

  fileprivate mutating func add(_ values: [Float], row: Int, _ axis: ParameterAxis) {
    let (lowest, highest) = (axis.lowest, axis.highest)
    var (low, high) = (Float.infinity, -Float.infinity)
    for (column, value) in values.enumerated() {
      if axis.isNaN(value) {
        if firstNaN == nil { firstNaN = (column, row, value) }
        nanCount += 1
        continue
      }
      (low, high) = (min(low, value), max(high, value))
      if !axis.isPeriodic, value < lowest || value > highest { outsideCount += 1 }
    }
    guard low <= high else { return }
    seen = seen.map { min($0.lowerBound, low)...max($0.upperBound, high) } ?? low...high
  }

  /// This one's pixels and those of `next`, which come later.
  fileprivate func joined(_ next: MapSurvey) -> MapSurvey {
    var sum = self
    if let seen, let other = next.seen {
      sum.seen = min(seen.lowerBound, other.lowerBound)...max(seen.upperBound, other.upperBound)
    } else {
      sum.seen = seen ?? next.seen
    }
    sum.outsideCount += next.outsideCount
    sum.nanCount += next.nanCount
    sum.firstNaN = firstNaN ?? next.firstNaN
    return sum
  }
}
