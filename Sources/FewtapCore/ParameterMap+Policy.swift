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
  /// The map as a basis over `axes` can use it, in memory, NaN replaced and values clamped to the ranges or wrapped into them;
  /// and what was found on the way.
  ///
  /// Throws: ``MapError/axisCount(found:names:)``; ``MapError/notANumber(axis:x:y:value:)`` unless `nan` says otherwise; ``MapError/outside(axis:count:seen:allowed:)``
  ///         if `isStrict` and a value is outside.
  public func admitted(
    to axes: [ParameterAxis], nan: MapNaN = .refuse, isStrict: Bool = false, threads: Int = 1
  ) throws(MapError) -> (map: ParameterMap, surveys: [MapSurvey]) {
    guard axes.count == axisCount else { throw .axisCount(found: axisCount, names: axes.map(\.name)) }
    var surveys: [MapSurvey] = []
    var planes: [Plane<Float>] = []
    for (index, axis) in axes.enumerated() {
      let (plane, survey) = admitted(index, axis, nan, threads: threads)
      if nan == .refuse, let bad = survey.firstNaN {
        throw .notANumber(axis: axis.name, x: bad.x, y: bad.y, value: bad.value)
      }
      if isStrict, survey.outsideCount > 0, let seen = survey.seen {
        throw .outside(axis: axis.name, count: survey.outsideCount, seen: seen, allowed: axis.range)
      }
      planes.append(plane)
      surveys.append(survey)
    }
    // Without an axis there is nothing to hold.
    return (planes.isEmpty ? self : ParameterMap(sameSizePlanes: planes), surveys)
  }

  /// A parameter's plane, and what the map holds of it: the same for any number of threads.
  private func admitted(
    _ index: Int, _ axis: ParameterAxis, _ nan: MapNaN, threads: Int
  ) -> (Plane<Float>, MapSurvey) {
    // Rows enough for a thread to be worth its start.
    let rows = max(1, (1 << 16) / max(1, width))
    let parts = parallelMap(count: (height + rows - 1) / rows, threads: threads) { part in
      let range = part * rows..<min((part + 1) * rows, height)
      var survey = MapSurvey(axis: axis.name)
      var values = [Float](repeating: 0, count: range.count * width)
      values.withUnsafeMutableBufferPointer { values in
        for row in range {
          let begin = (row - range.lowerBound) * width
          let part = UnsafeMutableBufferPointer(rebasing: values[begin..<begin + width])
          load(axis: index, row: row, into: part)
          survey.admit(part, row: row, axis, nan)
        }
      }
      return (values, survey)
    }
    let survey = parts.dropFirst().reduce(parts.first?.1 ?? MapSurvey(axis: axis.name)) { $0.joined($1.1) }
    return (Plane(width: width, height: height, exactly: parts.flatMap(\.0)), survey)
  }
}

extension ParameterAxis {
  fileprivate func isNaN(_ value: Float) -> Bool { value.isNaN || (isPeriodic && !value.isFinite) }
}

extension MapSurvey {
  init(axis: String) { self.axis = axis }

  /// Counts the values of a row, and makes them what a basis can use.
  fileprivate mutating func admit(
    _ values: UnsafeMutableBufferPointer<Float>, row: Int, _ axis: ParameterAxis, _ nan: MapNaN
  ) {
    // The ends as pixels' values have them: what lies between them, rounding included, is in the range.
    let (lowest, highest) = (Float(axis.range.lowerBound), Float(axis.range.upperBound))
    var (low, high) = (Float.infinity, -Float.infinity)
    for column in values.indices {
      let value = values[column]
      if axis.isNaN(value) {
        if firstNaN == nil { firstNaN = (column, row, value) }
        nanCount += 1
        values[column] = nan == .high ? highest : lowest
        continue
      }
      (low, high) = (min(low, value), max(high, value))
      guard value < lowest || value > highest else { continue }
      if !axis.isPeriodic { outsideCount += 1 }
      values[column] = min(max(Float(axis.admitted(Double(value))), lowest), highest)
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
