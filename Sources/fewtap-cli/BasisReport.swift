import Fewtap

/// What a basis holds, for `fewtap info` and after a fit.
struct BasisReport: Report {
  let basis: FilterBasis
  let command: String
  /// The file that it is in.
  let name: String
  /// How long the fit took; nil where there was none.
  var seconds: Double?
  /// What it is to a graphics processor; nil where none was asked about.
  var gpu: GPU?
  /// Whether every filter is told.
  var listsFilters = false

  /// Work and error on a graphics processor.
  struct GPU {
    let work: GPUWork
    let target: GPUTarget
    let mean: Double
    let worst: Double

    var json: JSON {
      .object(
        work.json + [
          ("photoPSNR", .number(mean)), ("worstPhotoPSNR", .number(worst)),
          ("fractionBits", .integer(target.fractionBits)), ("format", .string(target.format.rawValue)),
        ])
    }

    var rows: [(label: String, value: String)] {
      [
        (
          "on a GPU",
          "\(fixed(work.fetches, 1)) fetches and \(fixed(work.bytes, 1)) bytes a pixel in \(work.passes) passes"
        ),
        (
          "there",
          "\(fixed(mean, 2)) dB mean, \(fixed(worst, 2)) dB worst, with \(target.fractionBits) bits between texels and "
            + target.format.rawValue
        ),
      ]
    }
  }

  private var costs: [Double] { basis.filters.map(\.multiplyAddsPerPixel) }

  var json: [(String, JSON)] {
    let (bounds, fit) = (basis.bounds, basis.fit)
    var fields: [(String, JSON)] = [
      ("command", .string(command)), ("basis", .string(name)), ("family", .string(basis.family)),
      ("interpolation", .string(basis.interpolation.rawValue)), ("axes", .array(basis.axes.map(\.json))),
      ("tracks", basis.interpolation == .offsets ? .string(basis.series == nil ? "knots" : "series") : .null),
      ("series", basis.series.map(\.json) ?? .null), ("filterCount", .integer(basis.filters.count)),
      ("taps", .integer(basis.filters.reduce(0) { $0 + $1.chain.tapCount })),
      ("rates", .array(rates.map { .integer($0.factor) })),
      ("multiplyAddsPerPixel", .array([.number(costs.min()), .number(costs.max())])), ("bounds", bounds.json),
      ("halo", .integer(bounds.reach)),
    ]
    fields += [
      ("photoPSNR", .number(fit?.photoPSNR)), ("worstPhotoPSNR", .number(fit?.worstPhotoPSNR)),
      ("worstAt", fit.map { .array($0.worstAt.map { .number($0) }) } ?? .null),
      ("sampleCount", fit.map { .integer($0.sampleCount) } ?? .null), ("relativeError", .number(fit?.relativeError)),
      ("noiseGain", .number(fit?.noiseGain)), ("objective", .string(fit?.objective)),
      ("recipe", .string(fit?.recipe)), ("seed", fit.map { .unsigned($0.seed) } ?? .null),
      ("termination", .string(fit?.termination)),
    ]
    if let gpu { fields.append(("gpu", gpu.json)) }
    if let seconds { fields.append(("seconds", .number(seconds))) }
    if listsFilters { fields.append(("filters", .array(basis.filters.indices.map(filterJSON)))) }
    return fields
  }

  private func filterJSON(_ index: Int) -> JSON {
    let filter = basis.filters[index]
    return .object(
      [("at", .array(basis.parameters(ofFilter: index).map { .number($0) })), ("gain", .number(filter.gain))]
        + filter.costJSON(dense: nil).filter { $0.0 != "denseMultiplyAdds" })
  }

  var text: String {
    let bounds = basis.bounds
    var rows: [(label: String, value: String)] = [("family", basis.family.map { legible($0) } ?? "unknown")]
    rows += basis.axes.map { (legible($0.name, limit: 20), $0.text) }
    rows += [("between knots", "\(basis.interpolation.rawValue) are interpolated")]
    if let series = basis.series {
      rows += [
        ("taps follow", zip(basis.axes, series.axes).map { $1.text($0.name) }.joined(separator: " x ")),
        ("in the file", "\(series.termCount) coefficients for each of \(3 * series.tapCount) numbers of a filter"),
      ]
    }
    rows += [
      (
        basis.series == nil ? "filters" : "tabulated as",
        "\(basis.filters.count) with \(basis.filters.reduce(0) { $0 + $1.chain.tapCount }) taps in all"
      ),
      ("rates", rates.map { "\($0.count) at \($0.factor == 1 ? "1" : "1/\($0.factor)")" }.joined(separator: ", ")),
      ("multiply-adds", costText), ("reach", "halo \(bounds.reach) px"),
    ]
    if let fit = basis.fit {
      let place = zip(basis.axes, fit.worstAt).map { "\(legible($0.name)) \(significant($1))" }.joined(separator: ", ")
      rows += [
        (
          "photo PSNR",
          "\(fixed(fit.photoPSNR, 2)) dB mean, \(fixed(fit.worstPhotoPSNR, 2)) dB worst (\(place)), predicted at "
            + "\(fit.sampleCount) points \(basis.series == nil ? "between the knots" : "of the parameters")"
        ),
        ("relative error", "\(significant(fit.relativeError)) of the kernel itself at most"),
        ("noise gain", "\(fixed(fit.noiseGain, 2)) at most"),
        (
          "fitted",
          "recipe \(legible(fit.recipe)), objective \(legible(fit.objective)), seed \(fit.seed), "
            + legible(fit.termination)
        ),
      ]
    }
    if let gpu { rows += gpu.rows }
    if let seconds { rows.append(("time", "\(fixed(seconds, 2)) s")) }
    return "\(name)\n" + aligned(rows) + (listsFilters ? "\n" + list : "")
  }

  private var costText: String {
    let ends = (fixed(costs.min() ?? 0, 1), fixed(costs.max() ?? 0, 1))
    let count = 1 << basis.axes.count
    return switch basis.interpolation {
    case .outputs: "\(ends.0) to \(ends.1) a filter, pixel and channel; up to \(count) filters meet at a pixel"
    case .offsets: "\(ends.1) a pixel and channel"
    }
  }

  /// How many filters run at each rate.
  private var rates: [(factor: Int, count: Int)] {
    Dictionary(grouping: basis.filters) { $0.rate?.factor ?? 1 }.map { ($0, $1.count) }.sorted { $0.0 < $1.0 }
  }

  /// A line a filter.
  private var list: String {
    let rows = basis.filters.indices.map { index in
      let filter = basis.filters[index]
      return basis.parameters(ofFilter: index).map { significant($0, 6) } + [
        filter.rate.map { "1/\($0.factor)" } ?? "1", filter.chain.layout.map(String.init).joined(separator: ","),
        fixed(filter.multiplyAddsPerPixel, 1),
      ]
    }
    return columns([basis.axes.map { legible($0.name) } + ["rate", "taps", "multiply-adds"]] + rows, leading: 0)
  }
}

extension KnotAxis {
  fileprivate var json: JSON {
    .object([
      ("name", .string(name)), ("unit", .string(unit)), ("periodic", .bool(isPeriodic)),
      ("knots", .array(knots.map { .number($0) })),
    ])
  }

  /// The knots, those in the middle left out where they are many.
  fileprivate var text: String {
    let all = knots.map { significant($0, 4) }
    let shown = all.count > 12 ? all.prefix(8) + ["..."] + all.suffix(2) : all[...]
    let ends = isPeriodic ? ", periodic" : ""
    return "\(knots.count) knots: " + shown.joined(separator: " ") + (unit.isEmpty ? "" : " " + legible(unit)) + ends
  }
}

extension TapSeries {
  fileprivate var json: JSON {
    .object([
      ("terms", .integer(termCount)), ("tapCount", .integer(tapCount)),
      (
        "functions",
        .array(
          axes.map { axis in
            var fields: [(String, JSON)] = [
              ("kind", .string(axis.functions.name)), ("count", .integer(axis.functions.count)),
            ]
            if case .fourier(_, let period) = axis.functions { fields.append(("period", .number(period))) }
            return .object(fields + [("turn", .number(axis.turn))])
          })
      ),
    ])
  }
}

extension TapSeries.Functions {
  fileprivate var name: String {
    switch self {
    case .chebyshev: "chebyshev"
    case .fourier: "fourier"
    }
  }
}

extension TapSeries.Axis {
  /// A few words.
  fileprivate func text(_ name: String) -> String {
    let kind =
      switch functions {
      case .chebyshev(let count): "\(count) Chebyshev polynomials of \(legible(name, limit: 20))"
      case .fourier(let count, let period):
        "\(count) sines and cosines of \(legible(name, limit: 20)) with period \(significant(period))"
      }
    return kind + (turn == 0 ? "" : " in a frame that turns with it")
  }
}
