import FewtapCore

// Seeded inputs: a failing test names its seed, and replays.

extension SeededGenerator {
  /// A plane of numbers uniform in `range`.
  package mutating func plane<Scalar>(width: Int, height: Int, in range: ClosedRange<Double> = -1...1) -> Plane<Scalar>
  {
    var result = Plane<Scalar>(width: width, height: height)
    for index in result.values.indices {
      result.values[index] = Scalar(uniform(range.lowerBound, range.upperBound))
    }
    return result
  }

  /// A chain with `layout[l]` taps in layer l: offsets up to `reach` pixels, weights of both signs, every layer's sum 1.
  package mutating func chain(_ model: TapModel, layout: [Int], reach: Double) -> TapChain {
    let layers = layout.map { count in
      var taps = (0..<count).map { _ in
        let (x, y) = (uniform(-reach, reach), uniform(-reach, reach))
        // Mostly positive, as fits are: the sum stays far from 0.
        let weight = uniform(-0.2, 1)
        return model == .integer
          ? Tap(x: x.rounded(), y: y.rounded(), weight: weight) : Tap(x: x, y: y, weight: weight)
      }
      let sum = taps.reduce(0) { $0 + $1.weight }
      if abs(sum) < 0.1 { taps[0].weight += 1 }
      let total = taps.reduce(0) { $0 + $1.weight }
      for index in taps.indices { taps[index].weight /= total }
      return TapLayer(taps)
    }
    return TapChain(model: model, layers: layers)
  }
}

extension Plane {
  /// The plane of `transform`ed numbers.
  package func map<Other>(_ transform: (Scalar) -> Other) -> Plane<Other> {
    var result = Plane<Other>(width: width, height: height)
    for index in values.indices { result.values[index] = transform(values[index]) }
    return result
  }

  /// The plane of numbers that `value` gives for every column and row.
  package init(width: Int, height: Int, _ value: (_ x: Int, _ y: Int) -> Scalar) {
    self.init(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width { self[x, y] = value(x, y) }
    }
  }
}
