import CFewtapLAPACK
import FewtapCore

/// Predicts how long a filter runs: what it does a pixel, each part with its time.
///
/// Equation: `t = sum_i w_i t_i`, `w` the ``work(of:format:)`` a pixel of the image and channel, `t_i` in milliseconds a megapixel.
/// Units:    milliseconds a megapixel and channel; on a processor of one core.
/// Accuracy: within a third of what `fewtap bench apply` measures on the machine that the table is from, for images of a megapixel or
///           more; the order of two filters is right where they differ by more. Smaller images and rows that end within a
///           vector cost more.
public struct CostModel: Equatable, Sendable {
  /// What runs the filter.
  public enum Target: String, CaseIterable, Sendable {
    /// The engine, on one core.
    case cpu
    /// Shaders, as `fewtap export` writes them: a pass a layer, bilinear fetches, four channels at once. See `GPUWork`.
    case gpu
  }

  /// What a filter does.
  public enum Part: String, CaseIterable, Sendable {
    /// Loading and storing a pixel, at the image's own rate.
    case copy
    /// The same, and what else a pixel costs, with decimation and interpolation.
    case resampling
    /// A weight of decimation or interpolation from row to row.
    case rowWeight
    /// One along a row.
    case columnWeight
    /// A pixel of a layer's result.
    case layer
    /// A vertical run of one tap ...
    case run1
    /// of two,
    case run2
    /// of three,
    case run3
    /// of four.
    case run4
    /// A texture fetch.
    case fetch
    /// A byte from or to memory.
    case byte
    /// Starting a pass and waiting for its end, once an image of 1920x1080.
    case pass

    static func parts(of target: Target) -> [Part] {
      switch target {
      case .cpu: [.copy, .resampling, .rowWeight, .columnWeight, .layer] + runs
      case .gpu: [.fetch, .byte, .pass]
      }
    }

    static let runs = [Part.run1, .run2, .run3, .run4]
  }

  /// What it predicts for.
  public let target: Target
  /// The machine that it was measured on.
  public let machine: String
  /// Milliseconds a megapixel of each part; not negative.
  public let milliseconds: [Part: Double]

  /// A model of given times.
  ///
  /// Throws: ``CostModelError`` if a part of the target is missing, or a time is negative or not finite.
  public init(target: Target, machine: String, milliseconds: [Part: Double]) throws(CostModelError) {
    for part in Part.parts(of: target) {
      guard let time = milliseconds[part] else { throw .missing("milliseconds.\(part.rawValue)") }
      guard time >= 0, time.isFinite else { throw .badTime(part, time) }
    }
    self.init(target, machine, milliseconds)
  }

  private init(_ target: Target, _ machine: String, _ milliseconds: [Part: Double]) {
    (self.target, self.machine, self.milliseconds) = (target, machine, milliseconds)
  }

  /// Milliseconds a megapixel and channel of `filter`, on a graphics processor with textures of `format`.
  public func milliseconds(_ filter: SparseFilter, format: TexelFormat = .half) -> Double {
    milliseconds(work: work(of: filter, format: format))
  }

  /// What `filter` does a pixel of the image and channel.
  public func work(of filter: SparseFilter, format: TexelFormat = .half) -> [Part: Double] {
    switch target {
    case .cpu:
      var counts = [Int](repeating: 0, count: VerticalRun.maximumLength)
      for layer in filter.chain.layers { for run in layer.verticalRuns() { counts[run.weights.count - 1] += 1 } }
      return Self.work(rate: filter.rate, layers: filter.chain.layers.count, runs: counts)
    case .gpu: return Self.work(GPUWork(filter, format: format))
    }
  }

  /// Milliseconds a megapixel and channel of what a graphics processor, whose model it must be, is to do.
  func milliseconds(_ work: GPUWork) -> Double { milliseconds(work: Self.work(work)) }

  /// Whether its times are a machine's: those of ``builtIn(_:)`` for graphics processors are not, and only tell which of two filters
  /// is the cheaper one.
  public var isMeasured: Bool { self != .builtIn(.gpu) }

  /// The same of a layout, as long as no two taps meet.
  func milliseconds(rate: Resampling?, layout: Layout, format: TexelFormat = .half) -> Double {
    switch target {
    case .gpu:
      return milliseconds(work: Self.work(GPUWork(rate: rate, taps: layout.taps, format: format)))
    case .cpu:
      var counts = [Int](repeating: 0, count: VerticalRun.maximumLength)
      for layer in layout.layers {
        counts[VerticalRun.maximumLength - 1] += layer.count * (layer.length / VerticalRun.maximumLength)
        let rest = layer.length % VerticalRun.maximumLength
        if rest > 0 { counts[rest - 1] += layer.count }
      }
      return milliseconds(work: Self.work(rate: rate, layers: layout.layers.count, runs: counts))
    }
  }

  private func milliseconds(work: [Part: Double]) -> Double {
    // In the order of the parts: a sum in the order of a dictionary would differ from run to run.
    Part.allCases.reduce(0) { $0 + (work[$1] ?? 0) * (milliseconds[$1] ?? 0) }
  }

  private static func work(rate: Resampling?, layers: Int, runs: [Int]) -> [Part: Double] {
    var work: [Part: Double] = [:]
    let area = Double(rate.map { $0.factor * $0.factor } ?? 1)
    work[.layer] = Double(layers) / area
    for (part, count) in zip(Part.runs, runs) { work[part] = Double(count) / area }
    guard let rate else {
      work[.copy] = 1
      return work
    }
    let factor = Double(rate.factor)
    work[.resampling] = 1
    work[.rowWeight] =
      Double(rate.prefilterWeights.values.count + rate.interpolatorWeights.values.count) / factor
    // The engine goes along a row in steps of prime factors, of which the one at the image's end is most of the work.
    let first = (2...rate.factor).first { rate.factor.isMultiple(of: $0) } ?? rate.factor
    let step = Resampling(factor: first, prefilter: rate.prefilter, interpolator: rate.interpolator)
    work[.columnWeight] =
      Double(step.prefilterWeights.values.count + step.interpolatorWeights.values.count) / Double(first) / factor
    return work
  }

  private static func work(_ work: GPUWork) -> [Part: Double] {
    [.fetch: work.fetches, .byte: work.bytes, .pass: Double(work.passes)]
  }
}

// MARK: Tables

extension CostModel {
  /// The table that serves until `fewtap bench calibrate` has measured this machine.
  public static func builtIn(_ target: Target) -> CostModel {
    switch target {
    case .cpu:
      // `fewtap bench calibrate --rounds 100`, the middle of four; the model was within 10% of the probes.
      CostModel(
        .cpu, "AMD EPYC (Zen 5), AVX-512",
        [
          .copy: 0.25, .resampling: 0.115, .rowWeight: 0.033, .columnWeight: 0, .layer: 0.15, .run1: 0.025,
          .run2: 0.025, .run3: 0.028, .run4: 0.041,
        ])
    case .gpu:
      CostModel(.gpu, "a nominal graphics processor", NominalGPU.milliseconds)
    }
  }

  /// The model that explains measurements best, in relative terms.
  ///
  /// Equation: least `sum_k ((w_k t - m_k) / m_k)^2` over `t >= 0`; a part that would come out negative is left out, the worst first.
  /// Throws:   ``CostModelError/tooFewMeasurements`` if they do not tell the parts apart.
  package init(machine: String, measurements: [(filter: SparseFilter, milliseconds: Double)]) throws(CostModelError) {
    let empty = CostModel(.cpu, machine, [:])
    let rows = measurements.map { measurement in
      empty.work(of: measurement.filter).mapValues { $0 / measurement.milliseconds }
    }
    var parts = Part.parts(of: .cpu)
    var times = [Part: Double](uniqueKeysWithValues: parts.map { ($0, 0) })
    while !parts.isEmpty {
      let n = parts.count
      var matrix = [Double](repeating: 0, count: n * n)
      var solution = [Double](repeating: 0, count: n)
      for row in rows {
        for i in 0..<n {
          solution[i] += row[parts[i]] ?? 0
          for j in 0..<n { matrix[i * n + j] += (row[parts[i]] ?? 0) * (row[parts[j]] ?? 0) }
        }
      }
      guard fewtap_solve_positive(Int32(n), &matrix, &solution) == FEWTAP_LAPACK_OK else { throw .tooFewMeasurements }
      if let worst = solution.indices.min(by: { solution[$0] < solution[$1] }), solution[worst] < 0 {
        parts.remove(at: worst)
        continue
      }
      for (part, time) in zip(parts, solution) { times[part] = time }
      break
    }
    try self.init(target: .cpu, machine: machine, milliseconds: times)
  }

  /// Filters whose times tell the parts apart: one layer and several, runs of each length, few and many, at several rates.
  package static var probes: [SparseFilter] {
    func chain(_ layout: [(count: Int, length: Int)]) -> TapChain {
      // Columns two apart, and rows that no other run of the column touches.
      TapChain(
        model: .integer,
        layers: layout.map { layer in
          let total = Double(layer.count * layer.length)
          return TapLayer(
            (0..<layer.count).flatMap { index in
              let (x, y) = (2 * (index % 8) - 7, (layer.length + 2) * (index / 8) - 8)
              return (0..<layer.length).map { Tap(x: Double(x), y: Double(y + $0), weight: 1 / total) }
            })
        })
    }
    var probes = [SparseFilter(chain: chain([(1, 1)])), SparseFilter(chain: chain([(1, 1), (1, 1), (1, 1)]))]
    for length in 1...VerticalRun.maximumLength {
      for count in [8, 24] { probes.append(SparseFilter(chain: chain([(count, length)]))) }
      probes.append(SparseFilter(chain: chain([(24, length)]), rate: Resampling(factor: 2)))
    }
    for (factor, prefilter, interpolator) in [
      (2, Resampling.BSpline.linear, Resampling.BSpline.linear), (2, .quadratic, .quadratic), (2, .quadratic, .cubic),
      (3, .linear, .quadratic), (4, .quadratic, .quadratic), (4, .linear, .linear), (5, .quadratic, .quadratic),
      (8, .quadratic, .quadratic), (8, .linear, .cubic),
    ] {
      let rate = Resampling(factor: factor, prefilter: prefilter, interpolator: interpolator)
      probes.append(SparseFilter(chain: chain([(1, 1)]), rate: rate))
      probes.append(SparseFilter(chain: chain([(40, 4)]), rate: rate))
    }
    return probes
  }
}
