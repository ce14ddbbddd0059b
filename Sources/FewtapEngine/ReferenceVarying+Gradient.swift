import FewtapCore

extension ReferenceVarying {
  /// What a loss changes by with all that a varying filter is made of.
  public struct Gradient: Equatable, Sendable {
    /// With the image's pixels.
    public var input: Plane<Double>
    /// With the map's values, one plane an axis; with the knot coordinates, or the weights, where the operator was made of those.
    public var map: [Plane<Double>]
    /// With each number of the filters, filter by filter.
    public var filters: [FilterGradient]

    /// A gradient of given parts.
    public init(input: Plane<Double>, map: [Plane<Double>], filters: [FilterGradient]) {
      (self.input, self.map, self.filters) = (input, map, filters)
    }
  }

  /// The gradient of a loss of which ``apply(to:)``'s result at `plane` has the gradient `cotangent`.
  ///
  /// Equation: `dL/dv = sum_p cotangent[p] d(A x)[p] / dv` for each v of the image x, the map and the filters.
  /// Sides:    where values meet a knot, that towards the next one (at the last knot from the one before); where a tap's offset is
  ///           whole, that of an offset that grows, or, of interpolated taps, that towards the pixel to the right of and below the
  ///           one that the tap meets; at and below a normalized border's least share that of the least share.
  /// Border:   over it the parameters are those of the nearest pixel, to which all that they change goes. A normalized border's sum,
  ///           in which all filters agree, counts as their mean.
  /// Series:   a basis whose taps follow a series has the gradient of its filters at the knots.
  /// Throws:   as ``apply(to:)``.
  public func pullback(of cotangent: Plane<Double>, at plane: Plane<Double>) throws(ApplyError) -> Gradient {
    for plane in [cotangent, plane] { try Self.check(plane, width: width, height: height, channel: 0) }
    guard basis.series == nil else {
      return try ReferenceVarying(basis.withoutSeries, coordinates, rates: rates, direction, border)
        .pullback(of: cotangent, at: plane)
    }
    var gradient =
      border == .normalized
      ? try normalizedPullback(of: cotangent, at: plane) : linearPullback(of: cotangent, at: plane)
    for (axis, rates) in (rates ?? []).enumerated() {
      for index in rates.values.indices { gradient.map[axis].values[index] *= rates.values[index] }
    }
    return gradient
  }

  /// That of `A x / max(A 1 / s, least)`: of A at the image and at its mask, and of s.
  private func normalizedPullback(
    of cotangent: Plane<Double>, at plane: Plane<Double>
  ) throws(ApplyError) -> Gradient {
    let (result, mask) = (try apply(to: plane), mask())
    var (ofImage, ofMask, slope) = (cotangent, Plane<Double>(width: width, height: height), 0.0)
    for index in cotangent.values.indices {
      let share = max(mask.values[index] / sum, BorderNormalization.leastShare)
      ofImage.values[index] /= share
      guard mask.values[index] / sum > BorderNormalization.leastShare else { continue }
      let change = cotangent.values[index] * result.values[index] / share
      ofMask.values[index] = -change / sum
      slope += change * mask.values[index] / (sum * sum)
    }
    var gradient = linearPullback(of: ofImage, at: plane)
    let masks = linearPullback(of: ofMask, at: Plane(width: width, height: height, repeating: 1))
    for axis in gradient.map.indices {
      for index in mask.values.indices { gradient.map[axis].values[index] += masks.map[axis].values[index] }
    }
    for (index, filter) in basis.filters.enumerated() {
      gradient.filters[index] += masks.filters[index]
      gradient.filters[index].add(slope: slope / Double(basis.filters.count), ofSum: filter)
    }
    return gradient
  }

  /// That of the filters alone, with respect to knot coordinates.
  private func linearPullback(of cotangent: Plane<Double>, at plane: Plane<Double>) -> Gradient {
    let zeros = Plane<Double>(width: width, height: height)
    var gradient = Gradient(
      input: zeros, map: (weights ?? coordinates).map { _ in zeros },
      filters: basis.filters.map { FilterGradient(zerosOf: $0) })
    let slopes = coordinates.indices.map { axis in
      zeros.values.indices.map { pixel in
        basis.mixtureSlopes(coordinates: coordinates.map { $0.values[pixel] }, axis: axis)
      }
    }
    for part in parts() {
      // What each stage reads, then the result; and what the loss changes by with each of them.
      let extended = extended(plane, over: part.stages[0].input, outside: border)
      var values = [extended]
      for y in extended.region.y { for x in extended.region.x { values[0][x, y] *= part.inputWeight(x, y) } }
      for stage in part.stages { values.append(stage.applied(to: values[values.count - 1])) }
      var changes = [weighted(cotangent, by: part.outputWeight)]
      for stage in part.stages.reversed() { changes.insert(stage.transposed(on: changes[0]), at: 0) }

      fold(changes[0], of: part, into: &gradient.input)
      if direction == .gather {
        addWeights(part, values[values.count - 1], weighted(cotangent) { _, _ in 1 }, slopes, to: &gradient)
      } else {
        addWeights(part, extended, changes[0], slopes, to: &gradient)
      }
      for (index, stage) in part.stages.enumerated() {
        guard let layer = part.layers[index] else { continue }
        if stage.spreads {
          addTaps(part, layer, of: values[index], reading: changes[index + 1], 1, slopes, to: &gradient)
        } else {
          addTaps(part, layer, of: changes[index + 1], reading: values[index], -1, slopes, to: &gradient)
        }
      }
    }
    return gradient
  }

  /// Of each axis and pixel the slopes of the filters' weights.
  private typealias Slopes = [[[(filter: Int, slope: Double)]]]

  /// What the gains and weights do that pixels are multiplied with: of `values` the loss has the gradient `changes`.
  private func addWeights(
    _ part: Part, _ values: Patch, _ changes: Patch, _ slopes: Slopes, to gradient: inout Gradient
  ) {
    for y in values.region.y {
      for x in values.region.x {
        let change = values[x, y] * changes[x, y]
        if weights != nil, let filter = part.filter {
          gradient.filters[filter].gain += change * weight(of: filter, x, y)
          gradient.map[filter].values[nearest(x, y)] += change * basis.filters[filter].gain
          continue
        }
        for (filter, weight) in mixture(x, y) where filter == part.filter ?? filter {
          gradient.filters[filter].gain += change * weight
        }
        for axis in slopes.indices {
          for (filter, slope) in slopes[axis][nearest(x, y)] where filter == part.filter ?? filter {
            gradient.map[axis].values[nearest(x, y)] += change * slope * basis.filters[filter].gain
          }
        }
      }
    }
  }

  /// What the taps of a layer do. Its result, or its input if it spreads, are the `owners` of taps, which read at `p + sign o`.
  private func addTaps(
    _ part: Part, _ layer: Int, of owners: Patch, reading read: Patch, _ sign: Double, _ slopes: Slopes,
    to gradient: inout Gradient
  ) {
    for y in owners.region.y {
      for x in owners.region.x {
        let owner = owners[x, y]
        if let filter = part.filter {
          let chain = basis.filters[filter].chain
          for (index, tap) in chain.layers[layer].taps.enumerated() {
            gradient.filters[filter].layers[layer][index].add(
              TapCell(tap, chain.model).gradient(weight: tap.weight, chain.model) {
                owner * read[x - $0.x, y - $0.y]
              })
          }
          continue
        }
        let mixture = mixture(x, y)
        for (index, tap) in basis.interpolatedLayer(layer, mixture).taps.enumerated() {
          let place = read.sample(x: Double(x) + sign * tap.x, y: Double(y) + sign * tap.y)
          let moves = sign * owner * tap.weight
          let (ofX, ofY, ofWeight) = (moves * place.slopeX, moves * place.slopeY, owner * place.value)
          for (filter, weight) in mixture {
            gradient.filters[filter].layers[layer][index].add(
              TapGradient(weight: ofWeight, x: ofX, y: ofY), share: weight)
          }
          for axis in slopes.indices {
            for (filter, slope) in slopes[axis][nearest(x, y)] {
              let own = basis.filters[filter].chain.layers[layer].taps[index]
              gradient.map[axis].values[nearest(x, y)] +=
                slope * (ofX * own.x + ofY * own.y + ofWeight * own.weight)
            }
          }
        }
      }
    }
  }
}

extension Patch {
  /// What lies at a place between pixels, bilinearly, and what it rises by to the right and below; 0 outside.
  fileprivate func sample(x: Double, y: Double) -> (value: Double, slopeX: Double, slopeY: Double) {
    let (column, row) = (Int(x.rounded(.down)), Int(y.rounded(.down)))
    let (a, b) = (x - Double(column), y - Double(row))
    func pixel(_ dx: Int, _ dy: Int) -> Double {
      region.x.contains(column + dx) && region.y.contains(row + dy) ? self[column + dx, row + dy] : 0
    }
    let (first, second, third, fourth) = (pixel(0, 0), pixel(1, 0), pixel(0, 1), pixel(1, 1))
    return (
      (1 - b) * ((1 - a) * first + a * second) + b * ((1 - a) * third + a * fourth),
      (1 - b) * (second - first) + b * (fourth - third), (1 - a) * (third - first) + a * (fourth - second)
    )
  }
}
