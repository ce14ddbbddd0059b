import FewtapCore
import FewtapFit

/// The charts of a comparison.
enum ComparisonFigures {
  /// What a filter costs.
  enum Cost {
    case milliseconds
    case multiplyAdds

    fileprivate func value(_ figures: Comparison.Measured) -> Double {
      switch self {
      case .milliseconds: figures.time.median
      case .multiplyAdds: figures.result.multiplyAddCount
      }
    }

    fileprivate func label(_ size: (width: Int, height: Int)) -> String {
      switch self {
      case .milliseconds: "milliseconds a plane of \(size.width) × \(size.height), one thread"
      case .multiplyAdds: "multiply-adds a pixel and channel"
      }
    }
  }

  /// dB on photographs over what they cost.
  static func errorAgainstCost(_ comparison: Comparison, _ cost: Cost) -> Plot {
    let label = cost.label(comparison.timedSize)
    return errorAgainstCost(
      comparison.rows.compactMap { row in
        row.measured.map {
          Entry(name: row.name, side: row.side, cost: cost.value($0), decibels: $0.photoMean)
        }
      }, title: "Photo dB against \(label)", x: label, y: "photo dB, higher is better")
  }

  /// A contender, its error and its cost.
  struct Entry {
    let name: String
    let side: Contender.Side
    let cost: Double
    let decibels: Double

    fileprivate var isOnEdge: Bool { side == .exact || isExact(decibels) }
  }

  /// dB over what they cost, with names for both axes; those that are exact stand on the upper edge.
  static func errorAgainstCost(_ entries: [Entry], title: String, x: String, y: String) -> Plot {
    let finite = entries.filter { !$0.isOnEdge }.map(\.decibels)
    let y = Plot.Axis(y, covers: finite.isEmpty ? [40, 60] : [])
    let top = Plot.top(of: y, finite)
    func points(_ side: Contender.Side) -> [Plot.Point] {
      entries.filter { $0.side == side }.map { entry in
        Plot.Point(
          x: entry.cost, y: entry.isOnEdge ? top : entry.decibels,
          label: entry.isOnEdge ? "\(entry.name) (exact)" : entry.name)
      }
    }
    return Plot(
      title: title, x: Plot.Axis(x, isLogarithmic: true), y: y,
      series: [
        Plot.Series("", tone: "rival", .dashedSteps, front(points(.rival) + points(.exact))),
        Plot.Series("", tone: "ours", .steps, front(points(.ours))),
        Plot.Series("fewtap", tone: "ours", .circles, points(.ours)),
        Plot.Series("rivals", tone: "rival", .squares, points(.rival)),
        Plot.Series("exact", tone: "exact", .triangles, points(.exact)),
      ].filter { !$0.points.isEmpty })
  }

  /// Those that no cheaper one equals, the cheapest first, without their names.
  private static func front(_ points: [Plot.Point]) -> [Plot.Point] {
    var best = -Double.infinity
    return points.sorted { ($0.x, -$0.y) < ($1.x, -$1.y) }.filter { point in
      defer { best = max(best, point.y) }
      return point.y > best
    }.map { Plot.Point(x: $0.x, y: $0.y) }
  }

  /// Most layers of a filter that are drawn; rivals may have dozens of four taps each.
  private static let longestChain = 10

  /// The taps of each layer of a filter, a chart a layer.
  static func taps(of filter: SparseFilter, named name: String) -> [Plot] {
    let unit = filter.rate.map { "px at 1/\($0.factor)" } ?? "px"
    return filter.chain.layers.prefix(longestChain).enumerated().map { index, layer in
      let (xs, ys) = (layer.taps.map(\.x), layer.taps.map(\.y))
      let (left, right, top, bottom) = (xs.min() ?? 0, xs.max() ?? 0, ys.min() ?? 0, ys.max() ?? 0)
      // A square around the taps, with room for the discs at its edge.
      let reach = max(right - left, bottom - top) / 2 * 1.15 + 0.5
      let (x, y) = ((left + right) / 2, (top + bottom) / 2)
      // All discs together cover an eighth of the frame, unless single ones became too large to tell where they are.
      let area = 21_000 / (layer.absoluteSum > 0 ? layer.absoluteSum : 1)
      let scale = min(area / 8, 200 / layer.taps.reduce(1e-300) { max($0, abs($1.weight)) })
      func points(_ isIncluded: (Double) -> Bool) -> [Plot.Point] {
        layer.taps.filter { isIncluded($0.weight) }.map { tap in
          Plot.Point(x: tap.x, y: tap.y, radius: max(0.6, (scale * abs(tap.weight) / .pi).squareRoot()))
        }
      }
      var plot = Plot(
        title: "\(name), layer \(index + 1): offsets of \(layer.taps.count) taps",
        x: Plot.Axis(unit, covers: [x - reach, x + reach], isTight: true),
        y: Plot.Axis("", covers: [y - reach, y + reach], isReversed: true, isTight: true),
        series: [
          Plot.Series("", tone: "positive", .circles, points { $0 > 0 }),
          Plot.Series("", tone: "negative", .rings, points { $0 < 0 }),
        ])
      (plot.width, plot.height, plot.tickCount) = (190, 214, 5)
      plot.margins = (left: 34, right: 10, top: 24, bottom: 44)
      plot.heading = "layer \(index + 1): \(layer.taps.count) taps"
      return plot
    }
  }

  /// dB on photographs over the seconds that searches have taken; nil if nobody searched.
  static func convergence(_ comparison: Comparison) -> Plot? {
    let curves = comparison.rows.compactMap { row -> Plot.Series? in
      // Enough points for a smooth curve.
      let points = (row.measured?.result.trace.thinned(to: 64).points ?? []).filter { $0.seconds > 0 }
      guard points.count > 1 else { return nil }
      return Plot.Series(
        "", tone: row.side.tone, row.side == .ours ? .line : .dashes,
        points.enumerated().map { index, point in
          Plot.Point(x: point.seconds, y: point.photoPSNR, label: index == points.count - 1 ? row.name : "")
        })
    }
    guard !curves.isEmpty else { return nil }
    var plot = Plot(
      title: "Photo dB while searches go on", x: Plot.Axis("seconds of searching", isLogarithmic: true),
      y: Plot.Axis("photo dB, predicted"), series: curves)
    // Names stand behind the lines' ends.
    plot.margins.right = 12 + (curves.compactMap { $0.points.last.map { Plot.textWidth($0.label) } }.max() ?? 0)
    return plot
  }
}

extension Plot {
  /// The upper edge of a chart of `values`, where what is beyond them can stand.
  static func top(of axis: Axis, _ values: [Double]) -> Double {
    var top = Ticks(of: axis, values: values, count: 6).range.upperBound
    // What stands on the edge may make the ticks coarser, and move it.
    for _ in 0..<3 { top = Ticks(of: axis, values: values + [top], count: 6).range.upperBound }
    return top
  }

  /// Charts in one figure, in rows of at most `columns`, under a heading.
  static func grid(_ plots: [Plot], columns: Int, title: String) -> String {
    let (width, height) = (plots.map(\.width).max() ?? 1, plots.map(\.height).max() ?? 1)
    let rows = (plots.count + columns - 1) / columns
    let body = plots.enumerated().map { index, plot in
      let (x, y) = (6 + Double(index % columns) * width, 34 + Double(index / columns) * height)
      return "<g transform=\"translate(\(place(x)) \(place(y)))\">\n\(plot.body)\n</g>"
    }
    return element(
      width: 12 + max(Double(min(columns, max(1, plots.count))) * width, 6 + textWidth(title)),
      height: 38 + Double(rows) * height, title: title,
      "<text x=\"12\" y=\"22\">\(markup(title))</text>\n" + body.joined(separator: "\n"))
  }
}
