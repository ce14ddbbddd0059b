import FewtapCore
import Foundation

/// A chart as SVG: axes with ticks and gridlines, points, lines and steps, labels beside them and a legend.
///
/// Units: its places are CSS pixels. Equal values give equal text. Points that are not finite, or not positive on a logarithmic axis, are left out.
package struct Plot: Sendable {
  /// One of the two axes.
  package struct Axis: Sendable {
    var label: String
    var isLogarithmic = false
    /// What must be seen even where no point is.
    var covers: [Double] = []
    /// Values grow to the left or down.
    var isReversed = false
    /// It ends where values and ``covers`` do, not at the next ticks.
    var isTight = false

    package init(
      _ label: String, isLogarithmic: Bool = false, covers: [Double] = [], isReversed: Bool = false,
      isTight: Bool = false
    ) {
      (self.label, self.isLogarithmic, self.covers) = (label, isLogarithmic, covers)
      (self.isReversed, self.isTight) = (isReversed, isTight)
    }
  }

  /// How a series is drawn.
  package enum Mark: Sendable {
    case circles, rings, squares, triangles, line, dashes
    /// From point to point first right, then up.
    case steps, dashedSteps
  }

  /// A value, with its name or none.
  package struct Point: Sendable {
    var x: Double
    var y: Double
    var label = ""
    var radius = 4.5

    package init(x: Double, y: Double, label: String = "", radius: Double = 4.5) {
      (self.x, self.y, self.label, self.radius) = (x, y, label, radius)
    }
  }

  /// Values that belong together.
  package struct Series: Sendable {
    /// What the legend says; empty: nothing.
    var name: String
    /// The color's name in ``PageStyle``.
    var tone: String
    var mark: Mark
    var points: [Point]

    package init(_ name: String, tone: String, _ mark: Mark, _ points: [Point]) {
      (self.name, self.tone, self.mark, self.points) = (name, tone, mark, points)
    }
  }

  /// What a reader hears who does not see it.
  var title: String
  var x: Axis
  var y: Axis
  var series: [Series]
  var width = 760.0
  var height = 490.0
  /// About so many ticks an axis.
  var tickCount = 6
  /// Free room around the frame.
  var margins = (left: 58.0, right: 24.0, top: 54.0, bottom: 48.0)
  /// What stands over the frame.
  var heading = ""

  package init(title: String, x: Axis, y: Axis, series: [Series]) {
    (self.title, self.x, self.y, self.series) = (title, x, y, series)
  }

  /// The chart as an element that stands in a page.
  package var svg: String {
    Self.element(width: width, height: height, title: title, body)
  }

  /// An `svg` element with a name that is read out.
  static func element(width: Double, height: Double, title: String, _ body: String) -> String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" class="plot" role="img" width="\(place(width))" height="\(place(height))" \
    viewBox="0 0 \(place(width)) \(place(height))"><title>\(markup(title))</title>
    \(body)
    </svg>
    """
  }

  /// Its content, for an `svg` element of ``width`` by ``height``.
  var body: String {
    let shown = series.map { series in
      var series = series
      series.points.removeAll { !x.shows($0.x) || !y.shows($0.y) }
      return series
    }
    let frame = Frame(
      left: margins.left, top: margins.top, width: width - margins.left - margins.right,
      height: height - margins.top - margins.bottom,
      x: Ticks(of: x, values: shown.flatMap { $0.points.map(\.x) }, count: tickCount),
      y: Ticks(of: y, values: shown.flatMap { $0.points.map(\.y) }, count: tickCount),
      isReversed: (x.isReversed, y.isReversed))
    return [axes(frame), legend, shown.map { draw($0, frame) }.joined(separator: "\n"), labels(shown, frame)]
      .filter { !$0.isEmpty }.joined(separator: "\n")
  }
}

extension Plot.Axis {
  /// Numbers beyond a googol or below one in a googol are no figures of anything; ticks between them could not be counted.
  fileprivate func shows(_ value: Double) -> Bool {
    isLogarithmic ? (1e-100...1e100).contains(value) : abs(value) <= 1e100
  }
}

/// The values that an axis names, and the range that it has, which holds all values to be shown.
package struct Ticks: Equatable, Sendable {
  package let values: [Double]
  package let labels: [String]
  /// From the first tick to the last, or tight around what is shown.
  package let range: ClosedRange<Double>
  private let isLogarithmic: Bool

  package init(of axis: Plot.Axis, values: [Double], count: Int) {
    let shown = (values + axis.covers).filter { axis.shows($0) }
    isLogarithmic = axis.isLogarithmic
    var (low, high) = (shown.min() ?? 1, shown.max() ?? 1)
    // A range must be wider than the rounding of its ends.
    if high - low <= max(1e-9 * max(abs(low), abs(high)), isLogarithmic ? 0 : 1e-100) {
      (low, high) = isLogarithmic ? (low / 2, high * 2) : (low - max(1, abs(low) / 10), high + max(1, abs(high) / 10))
    }
    let all = isLogarithmic ? Self.powers(low, high, count) : Self.multiples(low, high, count)
    range = axis.isTight ? low...high : min(low, all[0])...max(high, all[all.count - 1])
    self.values = axis.isTight ? all.filter { (low...high).contains($0) } : all
    let step = all.count > 1 ? all[1] - all[0] : 1
    let isLogarithmic = isLogarithmic
    labels = self.values.map { value in
      let finest = isLogarithmic ? value : step
      guard value == 0 || (1e-4..<1e6).contains(abs(value)) else { return String(format: "%.12g", value) }
      // The step's own first digit, whatever rounding made of it.
      return decimal(value, finest < 1 && finest > 0 ? min(12, Int(-log10(finest * (1 + 1e-9)).rounded(.down))) : 0)
    }
  }

  private static func multiples(_ low: Double, _ high: Double, _ count: Int) -> [Double] {
    let step = roundUp((high / Double(max(count, 1)) - low / Double(max(count, 1))))
    let (first, last) = ((low / step).rounded(.down), (high / step).rounded(.up))
    return (0...max(1, Int(last - first))).map { (first + Double($0)) * step }
  }

  private static func powers(_ low: Double, _ high: Double, _ count: Int) -> [Double] {
    let exponents = Int(log10(low).rounded(.down))...max(Int(log10(low).rounded(.down)), Int(log10(high).rounded(.up)))
    let factors: [Double] = log10(high / low) < 2.5 ? [1, 2, 5] : [1]
    let all = exponents.flatMap { exponent in factors.map { $0 * pow(10, Double(exponent)) } }
    let first = all.lastIndex { $0 <= low } ?? 0
    let last = all.firstIndex { $0 >= high } ?? all.count - 1
    let stride = max(1, (last - first) / max(1, 2 * count))
    return (0...((last - first + stride - 1) / stride)).map { all[min(last, first + $0 * stride)] }
  }

  /// Where a value lies in the range: 0 at its low end, 1 at its high end.
  func share(_ value: Double) -> Double {
    let (low, high) = (range.lowerBound, range.upperBound)
    return isLogarithmic ? log(value / low) / log(high / low) : (value - low) / (high - low)
  }
}

/// The rectangle that values lie in.
private struct Frame {
  let left: Double
  let top: Double
  let width: Double
  let height: Double
  let x: Ticks
  let y: Ticks
  let isReversed: (x: Bool, y: Bool)

  var right: Double { left + width }
  var bottom: Double { top + height }

  func column(_ value: Double) -> Double { left + width * (isReversed.x ? 1 - x.share(value) : x.share(value)) }
  func row(_ value: Double) -> Double { top + height * (isReversed.y ? y.share(value) : 1 - y.share(value)) }
}

extension Plot {
  private func axes(_ frame: Frame) -> String {
    var lines: [String] = []
    for (value, label) in zip(frame.x.values, frame.x.labels) {
      let column = place(frame.column(value))
      lines.append("<path class=\"grid\" d=\"M\(column) \(place(frame.top))V\(place(frame.bottom))\"/>")
      lines.append(
        "<text class=\"tick\" text-anchor=\"middle\" x=\"\(column)\" y=\"\(place(frame.bottom + 17))\">\(label)</text>")
    }
    for (value, label) in zip(frame.y.values, frame.y.labels) {
      let row = frame.row(value)
      lines.append("<path class=\"grid\" d=\"M\(place(frame.left)) \(place(row))H\(place(frame.right))\"/>")
      lines.append(
        "<text class=\"tick\" text-anchor=\"end\" x=\"\(place(frame.left - 7))\" y=\"\(place(row + 4))\">\(label)</text>"
      )
    }
    lines.append(
      "<path class=\"axis\" d=\"M\(place(frame.left)) \(place(frame.top))V\(place(frame.bottom))H\(place(frame.right))\"/>"
    )
    let (middle, center) = (place(frame.left + frame.width / 2), place(frame.top + frame.height / 2))
    if !x.label.isEmpty {
      lines.append(
        "<text text-anchor=\"middle\" x=\"\(middle)\" y=\"\(place(frame.bottom + 38))\">\(markup(x.label))</text>")
    }
    if !y.label.isEmpty {
      lines.append(
        "<text text-anchor=\"middle\" transform=\"translate(14 \(center)) rotate(-90)\">\(markup(y.label))</text>")
    }
    if !heading.isEmpty {
      lines.append("<text x=\"\(place(frame.left))\" y=\"\(place(frame.top - 8))\">\(markup(heading))</text>")
    }
    return lines.joined(separator: "\n")
  }

  private var legend: String {
    var lines: [String] = []
    var left = margins.left
    for series in series where !series.name.isEmpty {
      lines.append(Self.sample(of: series, x: left + 10, y: 13))
      lines.append("<text x=\"\(place(left + 26))\" y=\"17\">\(markup(series.name))</text>")
      left += 44 + Self.textWidth(series.name)
    }
    return lines.joined(separator: "\n")
  }

  /// About how wide a text is: no font is known here.
  static func textWidth(_ text: String) -> Double { 6.6 * Double(text.count) }

  private static func sample(of series: Series, x: Double, y: Double) -> String {
    switch series.mark {
    case .circles, .rings, .squares, .triangles:
      return mark(series, x: x, y: y, radius: 4.5)
    case .line, .steps: return "<path class=\"line \(series.tone)\" d=\"M\(place(x - 10)) \(place(y))h20\"/>"
    case .dashes, .dashedSteps:
      return "<path class=\"line dashed \(series.tone)\" d=\"M\(place(x - 10)) \(place(y))h20\"/>"
    }
  }

  private static func mark(_ series: Series, x: Double, y: Double, radius r: Double) -> String {
    let (x, y) = (x.isFinite ? x : 0, y.isFinite ? y : 0)
    switch series.mark {
    case .squares:
      return "<rect class=\"\(series.tone)\" x=\"\(place(x - r * 0.9))\" y=\"\(place(y - r * 0.9))\" "
        + "width=\"\(place(r * 1.8))\" height=\"\(place(r * 1.8))\"/>"
    case .triangles:
      return "<path class=\"\(series.tone)\" d=\"M\(place(x)) \(place(y - r))l\(place(r * 1.1)) \(place(r * 1.9))"
        + "h\(place(-r * 2.2))z\"/>"
    case .rings:
      return "<circle class=\"line \(series.tone)\" cx=\"\(place(x))\" cy=\"\(place(y))\" r=\"\(place(r))\"/>"
    default: return "<circle class=\"\(series.tone)\" cx=\"\(place(x))\" cy=\"\(place(y))\" r=\"\(place(r))\"/>"
    }
  }

  private func draw(_ series: Series, _ frame: Frame) -> String {
    let places = series.points.map { (x: frame.column($0.x), y: frame.row($0.y)) }
    guard let first = places.first else { return "" }
    switch series.mark {
    case .circles, .rings, .squares, .triangles:
      return zip(series.points, places).map { point, at in
        Self.mark(series, x: at.x, y: at.y, radius: point.radius)
      }.joined(separator: "\n")
    case .line, .dashes:
      let path = places.dropFirst().map { "L\(place($0.x)) \(place($0.y))" }.joined()
      return Self.path(series, "M\(place(first.x)) \(place(first.y))" + path)
    case .steps, .dashedSteps:
      let path = places.dropFirst().map { "H\(place($0.x))V\(place($0.y))" }.joined()
      return Self.path(series, "M\(place(first.x)) \(place(first.y))" + path + "H\(place(frame.right))")
    }
  }

  private static func path(_ series: Series, _ data: String) -> String {
    let isDashed = series.mark == .dashes || series.mark == .dashedSteps
    return "<path class=\"line \(isDashed ? "dashed " : "")\(series.tone)\" d=\"\(data)\"/>"
  }

  /// Names beside their points, each where it covers least of what stands there already.
  private func labels(_ series: [Series], _ frame: Frame) -> String {
    let all = series.flatMap { series in
      series.points.filter { !$0.label.isEmpty || series.mark.isPoint }.map { point in
        (point: point, tone: series.tone, x: frame.column(point.x), y: frame.row(point.y))
      }
    }
    guard all.contains(where: { !$0.point.label.isEmpty }) else { return "" }
    let inside = Box(left: frame.left, top: frame.top - 22, right: width - 2, bottom: frame.bottom)
    var taken = all.map { Box(left: $0.x - 6, top: $0.y - 6, right: $0.x + 6, bottom: $0.y + 6) }
    let lines = series.flatMap { $0.mark.isPoint ? [] : boxes(along: $0, frame) }
    var leaders: [String] = []
    var names: [String] = []
    for item in all where !item.point.label.isEmpty {
      let size = (width: Self.textWidth(item.point.label), height: 14.0)
      let choices = Box.around(x: item.x, y: item.y, size)
      let costs = choices.enumerated().map { index, choice in
        // Nearer ones are better by what a letter covers; lines may be crossed sooner than names.
        taken.reduce(0) { $0 + $1.overlap(choice.box) } + lines.reduce(0) { $0 + 3 * $1.overlap(choice.box) }
          + 4 * (size.width * size.height - inside.overlap(choice.box)) + 6 * Double(index)
      }
      let choice = choices[costs.indices.min { costs[$0] < costs[$1] } ?? 0]
      taken.append(choice.box)
      let (x, y) = (min(max(item.x, choice.box.left), choice.box.right), (choice.box.top + choice.box.bottom) / 2)
      if hypot(x - item.x, y - item.y) > 16 {
        leaders.append(
          "<path class=\"leader\" d=\"M\(place(item.x)) \(place(item.y))L\(place(x)) \(place(y))\"/>")
      }
      names.append(
        "<text class=\"label \(item.tone)\" text-anchor=\"\(choice.anchor)\" x=\"\(place(choice.anchorX))\" "
          + "y=\"\(place(choice.box.bottom - 3))\">\(markup(item.point.label))</text>")
    }
    // Leaders lie below the names that they lead to.
    return (leaders + names).joined(separator: "\n")
  }

  /// Room that a line takes, in pieces no longer than a letter is wide.
  private func boxes(along series: Series, _ frame: Frame) -> [Box] {
    let places = series.points.map { (x: frame.column($0.x), y: frame.row($0.y)) }
    let isSteps = series.mark == .steps || series.mark == .dashedSteps
    guard let last = places.last else { return [] }
    let corners =
      isSteps
      ? zip(places, places.dropFirst()).flatMap { [$0, (x: $1.x, y: $0.y)] } + [last, (x: frame.right, y: last.y)]
      : places
    return zip(corners, corners.dropFirst()).flatMap { from, to in
      let count = max(1, Int(hypot(to.x - from.x, to.y - from.y) / 6))
      return (0..<count).map { piece in
        let (start, end) = (Double(piece) / Double(count), Double(piece + 1) / Double(count))
        let (x, y) = (to.x - from.x, to.y - from.y)
        return Box(
          left: from.x + x * (x < 0 ? end : start) - 1.5, top: from.y + y * (y < 0 ? end : start) - 1.5,
          right: from.x + x * (x < 0 ? start : end) + 1.5, bottom: from.y + y * (y < 0 ? start : end) + 1.5)
      }
    }
  }
}

extension Plot.Mark {
  fileprivate var isPoint: Bool {
    switch self {
    case .circles, .rings, .squares, .triangles: true
    case .line, .dashes, .steps, .dashedSteps: false
    }
  }
}

/// Room that a name or a mark takes.
private struct Box {
  let left: Double
  let top: Double
  let right: Double
  let bottom: Double

  func overlap(_ other: Box) -> Double {
    max(0, min(right, other.right) - max(left, other.left)) * max(0, min(bottom, other.bottom) - max(top, other.top))
  }

  /// Places for a name of `size` near a point, the best first, each with the end of the text that is nearest to the point: it
  /// stays where it is whatever the font.
  static func around(
    x: Double, y: Double, _ size: (width: Double, height: Double)
  ) -> [(box: Box, anchor: String, anchorX: Double)] {
    [9.0, 18, 30, 44, 60, 80].flatMap { distance in
      [(1.0, 0.0), (-1, 0), (0.75, -0.75), (0.75, 0.75), (-0.75, -0.75), (-0.75, 0.75), (0, -1), (0, 1)].map { dx, dy in
        let near = x + dx * distance
        let left = dx > 0 ? near : dx < 0 ? near - size.width : near - size.width / 2
        let middle = y + dy * (distance + 4)
        let box = Box(
          left: left, top: middle - size.height / 2, right: left + size.width, bottom: middle + size.height / 2)
        return (box, dx > 0 ? "start" : dx < 0 ? "end" : "middle", near)
      }
    }
  }
}
