import FewtapCore
import Foundation
import TestSupport
import Testing

/// Radius and angle: polynomials of one, sines and cosines of the other in a frame that turns.
private let axes = [
  ParameterAxis(name: "radius", unit: "px", range: 1...9),
  ParameterAxis(name: "angle", unit: "degrees", range: -45...135, isPeriodic: true),
]

/// A series of random coefficients that fall as those of smooth curves do; its layers sum to 1.
private func randomSeries(counts: [Int] = [4, 3], turn: Double = 1, seed: UInt64) -> TapSeries {
  var random = SeededGenerator(seed: seed)
  let series = TapSeries(
    axes: [
      TapSeries.Axis(range: axes[0].range, functions: .chebyshev(count: counts[0])),
      TapSeries.Axis(range: axes[1].range, functions: .fourier(count: counts[1], period: 90), turn: turn),
    ], layers: [], gain: [])
  func coefficients(_ size: Double) -> [Double] {
    (0..<series.termCount).map { k in
      random.uniform(-size, size) * pow(0.4, Double(k / counts[1] + (k % counts[1] + 1) / 2))
    }
  }
  var result = series
  result.layers = [3, 2].map { count in
    var tracks = (0..<count).map { _ in
      TapSeries.Track(x: coefficients(8), y: coefficients(8), weight: coefficients(0.2))
    }
    // What is left to 1, and of other functions to 0.
    for k in 0..<series.termCount {
      tracks[0].weight[k] = tracks.dropFirst().reduce(k == 0 ? 1 : 0) { $0 - $1.weight[k] }
    }
    return tracks
  }
  result.gain = (0..<series.termCount).map { $0 == 0 ? 2 : 0.1 / Double($0) }
  return result
}

private func randomPoints(_ count: Int, seed: UInt64) -> [[Double]] {
  var random = SeededGenerator(seed: seed)
  return (0..<count).map { _ in axes.map { random.uniform($0.range.lowerBound, $0.range.upperBound) } }
}

@Suite("Taps that follow a series")
struct TapSeriesTests {
  @Test("polynomials are cosines of multiples of an arc")
  func chebyshev() {
    let axis = TapSeries.Axis(range: -2...7, functions: .chebyshev(count: 20))
    for index in 0...50 {
      let arc = Double.pi * Double(index) / 50
      let values = axis.values(at: 2.5 + 4.5 * cos(arc))
      #expect(values.count == 20)
      for (n, value) in values.enumerated() {
        // The recurrence's roundings grow with n twice, and so does what rounding the argument does, by the slope n^2.
        #expect(abs(value - cos(Double(n) * arc)) <= gamma(4 * n * n + 2), "T_\(n) at \(arc)")
      }
    }
    #expect(TapSeries.Axis(range: 0...1, functions: .chebyshev(count: 1)).values(at: 0.3) == [1])
  }

  @Test("sines and cosines are powers of one turn")
  func fourier() {
    let axis = TapSeries.Axis(range: 10...40, functions: .fourier(count: 9, period: 120))
    for parameter in [10.0, 17, 25, 39.5, 40] {
      let (re, im) = (cos((parameter - 10) / 60 * .pi), sin((parameter - 10) / 60 * .pi))
      var power = (re: 1.0, im: 0.0)
      var expected: [Double] = []
      for n in 0..<5 {
        expected += n == 0 ? [1] : [power.re, power.im]
        power = (power.re * re - power.im * im, power.re * im + power.im * re)
      }
      for (value, wanted) in zip(axis.values(at: parameter), expected) {
        // Five roundings of products, and the angle's, times the multiple.
        #expect(abs(value - wanted) <= gamma(40))
      }
    }
    #expect(TapSeries.Axis(range: 0...1, functions: .fourier(count: 2, period: 1)).values(at: 0) == [1, 1])
  }

  @Test("a number is the sum of its coefficients times products of functions, and offsets turn with the angle")
  func sums() {
    let series = randomSeries(seed: 3)
    for point in randomPoints(20, seed: 4) {
      let filter = series.filter(at: point)
      let (u, angle) = ((point[0] - 5) / 4, (point[1] + 45) * .pi / 180)
      let polynomials = [1, u, 2 * u * u - 1, 4 * u * u * u - 3 * u]
      let waves = [1, cos(4 * angle), sin(4 * angle)]
      func number(_ coefficients: [Double]) -> (value: Double, bound: Double) {
        var (value, size) = (0.0, 0.0)
        for (i, polynomial) in polynomials.enumerated() {
          for (j, wave) in waves.enumerated() {
            value += coefficients[3 * i + j] * polynomial * wave
            size += abs(coefficients[3 * i + j])
          }
        }
        // Twelve terms of products, the polynomials' own roundings, and those of an angle up to 4 pi.
        return (value, gamma(100) * size)
      }
      for (layer, tracks) in series.layers.enumerated() {
        for (tap, track) in tracks.enumerated() {
          let found = filter.chain.layers[layer].taps[tap]
          let (x, y, weight) = (number(track.x), number(track.y), number(track.weight))
          #expect(abs(found.weight - weight.value) <= weight.bound)
          // Counterclockwise as seen, +y down.
          let bound = 2 * (x.bound + y.bound)
          #expect(abs(found.x - (cos(angle) * x.value + sin(angle) * y.value)) <= bound)
          #expect(abs(found.y - (cos(angle) * y.value - sin(angle) * x.value)) <= bound)
        }
        #expect(series.layer(layer, at: point) == filter.chain.layers[layer])
      }
      let gain = number(series.gain)
      #expect(abs(filter.gain - gain.value) <= gain.bound)
      #expect(series.gain(at: point) == filter.gain)
    }
  }

  @Test("layers that sum to 1 in their constants, and to 0 in all else, sum to 1 everywhere")
  func brightness() throws {
    let series = randomSeries(seed: 5)
    let basis = try FilterBasis(series: series, axes: axes)
    for filter in try randomPoints(50, seed: 6).map({ try basis.interpolatedFilter(at: $0) }) + basis.filters {
      for (layer, tracks) in zip(filter.chain.layers, series.layers) {
        let size = tracks.reduce(0) { $0 + $1.weight.reduce(0) { $0 + abs($1) } }
        #expect(abs(layer.sum - 1) <= gamma(tracks.count * series.termCount + 40) * size)
      }
    }
  }

  @Test("between the knots of its table interpolation is within the tolerance", arguments: [0.0, 1, -3])
  func table(turn: Double) throws {
    for (seed, counts) in [(7, [4, 3]), (8, [1, 1]), (9, [9, 5]), (10, [2, 7])] as [(UInt64, [Int])] {
      let series = randomSeries(counts: counts, turn: turn, seed: seed)
      let basis = try FilterBasis(series: series, axes: axes)
      #expect(basis.series == series)
      #expect(zip(basis.axes, axes).allSatisfy { $0.axis == $1 })
      for point in randomPoints(300, seed: seed + 10) {
        let table = basis.interpolatedFilter(try basis.mixture(at: point))
        let exact = try basis.interpolatedFilter(at: point)
        for (a, b) in zip(table.chain.layers, exact.chain.layers) {
          var (moves, changes, size) = (0.0, 0.0, 0.0)
          for (a, b) in zip(a.taps, b.taps) {
            moves += b.weight * b.weight * ((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y))
            changes += (a.weight - b.weight) * (a.weight - b.weight)
            size += b.weight * b.weight
          }
          #expect((moves / size).squareRoot() <= TapSeries.tableTolerance.offset)
          #expect((changes / size).squareRoot() <= TapSeries.tableTolerance.weight)
        }
        #expect(abs(table.gain - exact.gain) <= TapSeries.tableTolerance.weight * abs(exact.gain))
      }
    }
  }

  @Test("values outside stand for the nearest end, and angles come around")
  func outside() throws {
    let basis = try FilterBasis(series: randomSeries(seed: 11), axes: axes)
    #expect(try basis.interpolatedFilter(at: [-3, 0]) == basis.interpolatedFilter(at: [1, 0]))
    #expect(try basis.interpolatedFilter(at: [4, 180]) == basis.interpolatedFilter(at: [4, 0]))
    #expect(throws: FilterError.self) { try basis.interpolatedFilter(at: [4]) }
  }

  @Test("a file keeps every bit, and not the table")
  func roundTrip() throws {
    var series = randomSeries(seed: 12)
    series.layers[1][0].x[2] = 1 / 3.0
    series.layers[1][1].y[1] = -0.0
    var basis = try FilterBasis(series: series, axes: axes, family: "of \"ours\"")
    basis.fit = BasisRecord(
      objective: "photo", recipe: "fewtap", seed: 3, sampleCount: 4, photoPSNR: 70, worstPhotoPSNR: 60,
      worstAt: [2, 3],
      relativeError: 0.1, noiseGain: 1.5, termination: "completed")
    let file = try basis.json()
    let read = try FilterBasis(json: file)
    #expect(read == basis)
    #expect(try read.json() == file)
    #expect(read.series?.layers[1][1].y[1].sign == .minus)
    #expect(basis.filters.count > 100)
    // Eighteen characters a number, and what stands around them.
    #expect(file.count < 3 * 5 * 12 * 24 + 2000)
  }

  @Test("filters or knots that are not the series' are refused")
  func tampered() throws {
    let basis = try FilterBasis(series: randomSeries(seed: 13), axes: axes)
    var other = basis
    other.filters[7].chain.layers[0].taps[1].x += 1
    #expect(#expect(throws: FilterError.self) { try other.checkInvariants() }?.path == "filters[7]")
    other = basis
    other.axes[0].knots[1] += 0.01
    #expect(throws: FilterError.self) { try other.json() }
    other = basis
    other.interpolation = .outputs
    #expect(throws: FilterError.self) { try other.checkInvariants() }
  }

  @Test("ranges and numbers that cannot be are refused by their paths")
  func refused() {
    func path(
      _ change: (inout TapSeries) -> Void = { _ in }, axes changeAxes: (inout [ParameterAxis]) -> Void = { _ in }
    ) -> String? {
      var (series, axes) = (randomSeries(seed: 14), axes)
      change(&series)
      changeAxes(&axes)
      return #expect(throws: FilterError.self) { try FilterBasis(series: series, axes: axes) }?.path
    }
    let unbounded = -Double.infinity...Double.infinity
    #expect(path(axes: { $0[0].range = unbounded }) == "axes[0].knots[0]")
    #expect(path(axes: { $0[0].range = 3...3 }) == "axes[0].knots[1]")
    #expect(path(axes: { $0[0].range = 1...8 }) == "series.functions[0]")
    #expect(path(axes: { $0.removeLast() }) == "series.functions")
    #expect(path { $0.axes[1].turn = .nan } == "series.functions[1].turn")
    #expect(path { $0.axes[1].functions = .fourier(count: 3, period: .nan) } == "series.functions[1].period")
    #expect(path { $0.axes[0].functions = .chebyshev(count: -1) } == "series.functions[0].count")
    #expect(path { $0.layers[0][2].y[3] = .nan } == "series.layers[0][2].y[3]")
    #expect(path { $0.layers[0][2].weight.removeLast() } == "series.layers[0][2].weight")
    #expect(
      path { $0.layers[0] = Array(repeating: $0.layers[0][0], count: 1 << 17) } == "series.layers")
    #expect(path { $0.gain[0] = .infinity } == "series.gain[0]")
  }
}
