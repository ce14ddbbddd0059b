import FewtapCore
import FewtapReport
import TestSupport
import Testing

/// Charts say what they are given, whatever that is.
@Suite struct PlotTests {
  /// Ranges as they come: of all sizes, on both sides of zero, of one value, of none.
  private var ranges: [[Double]] {
    var random = SeededGenerator(seed: 5)
    let drawn = (0..<200).map { _ in
      (0..<3).map { _ in (random.unit() * 2 - 1) * [1e-12, 1e-3, 1, 60, 1e5, 1e12][random.index(6)] }
    }
    return drawn + [
      [], [0], [7], [-3, -3], [1e300, -1e300], [0, .leastNonzeroMagnitude], [.nan, 1], [.infinity], [1, 1 + 1e-15],
    ]
  }

  @Test(arguments: [false, true], [1, 4, 6]) func ticksCoverWhatIsShown(isLogarithmic: Bool, count: Int) {
    for values in ranges {
      let axis = Plot.Axis("", isLogarithmic: isLogarithmic)
      let ticks = Ticks(of: axis, values: values, count: count)
      #expect(ticks.values.count == ticks.labels.count)
      #expect((2...40).contains(ticks.values.count), "\(values): \(ticks.values)")
      #expect(zip(ticks.values, ticks.values.dropFirst()).allSatisfy { $0 < $1 }, "\(values): \(ticks.values)")
      #expect(ticks.values.allSatisfy(ticks.range.contains), "\(values): \(ticks.values)")
      for value in values where isLogarithmic ? (1e-100...1e100).contains(value) : abs(value) <= 1e100 {
        #expect(ticks.range.contains(value), "\(values): \(ticks.range)")
      }
      // Neighbors can be told apart.
      #expect(Set(ticks.labels).count == ticks.labels.count, "\(values): \(ticks.labels)")
    }
  }

  @Test func ticksAreTheNumbersThatPeopleUse() {
    #expect(
      Ticks(of: Plot.Axis(""), values: [27.3, 75.3], count: 6).labels == ["20", "30", "40", "50", "60", "70", "80"])
    #expect(Ticks(of: Plot.Axis(""), values: [-0.9, 0.4], count: 4).labels == ["−1.0", "−0.5", "0.0", "0.5"])
    let times = Ticks(of: Plot.Axis("", isLogarithmic: true), values: [0.3, 27], count: 6)
    #expect(times.labels == ["0.2", "0.5", "1", "2", "5", "10", "20", "50"])
    #expect(Ticks(of: Plot.Axis("", isTight: true), values: [-1.2, 2.3], count: 4).range == -1.2...2.3)
  }

  @Test func everyKindOfSeriesIsXMLWithoutNaN() {
    let values = [0.0, -1, 1e-9, 3, 1e9, .nan, .infinity, -.infinity, .leastNonzeroMagnitude]
    let points = values.flatMap { x in values.map { Plot.Point(x: x, y: $0, label: "\(x)") } }
    for mark in [Plot.Mark.circles, .rings, .squares, .triangles, .line, .dashes, .steps, .dashedSteps] {
      for isLogarithmic in [false, true] {
        let axis = Plot.Axis("value", isLogarithmic: isLogarithmic)
        for shown in [points, [], [Plot.Point(x: 1, y: 1, label: "one")]] {
          let plot = Plot(title: "t", x: axis, y: axis, series: [.init("s", tone: "ours", mark, shown)])
          let svg = plot.svg
          #expect(WellFormed(svg).problem == nil)
          #expect(!svg.lowercased().contains("nan") && !svg.contains("inf"), "\(mark)")
        }
      }
    }
  }

  @Test func equalChartsAreEqualText() {
    func chart() -> String {
      let points = (0..<20).map { Plot.Point(x: Double($0 * $0 + 1), y: Double($0 % 7), label: "point \($0)") }
      let axis = Plot.Axis("x", isLogarithmic: true)
      return Plot(title: "t", x: axis, y: Plot.Axis("y"), series: [.init("s", tone: "ours", .circles, points)]).svg
    }
    #expect(chart() == chart())
  }

  @Test func everyLabelIsThereOnce() {
    let points = (0..<30).map { Plot.Point(x: 1 + Double($0) / 1000, y: 50, label: "crowd \($0).") }
    let plot = Plot(
      title: "t", x: Plot.Axis("x"), y: Plot.Axis("y"), series: [.init("s", tone: "ours", .circles, points)])
    let text = WellFormed(plot.svg).text
    for point in 0..<30 { #expect(text.components(separatedBy: "crowd \(point).").count == 2) }
  }

  @Test func hostileTextStaysText() {
    let hostile = "\"><script>alert('1')</script>&\u{0}\u{1B}[2J\u{202E}\u{FFFE}]]>"
    let plot = Plot(
      title: hostile, x: Plot.Axis(hostile), y: Plot.Axis(hostile),
      series: [.init(hostile, tone: "ours", .circles, [.init(x: 1, y: 1, label: hostile)])])
    for svg in [plot.svg, PageStyle.standalone(plot.svg)] {
      let xml = WellFormed(svg)
      #expect(xml.problem == nil)
      #expect(!xml.elements.contains("script"))
      #expect(xml.text.contains("\"><script>alert('1')</script>&"))
      #expect(!svg.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0 == "\u{202E}" || $0 == "\u{FFFE}" })
    }
  }

  @Test func aFileOfItsOwnNeedsNoVariables() {
    let plot = Plot(title: "t", x: Plot.Axis("x"), y: Plot.Axis("y"), series: [])
    let file = PageStyle.standalone(plot.svg)
    #expect(file.hasPrefix("<?xml") && WellFormed(file).problem == nil)
    #expect(!file.contains("var("))
  }

  @Test func roundNumbersAreNotBelow() {
    for (value, expected) in [
      (0.3, 0.5), (0.5, 0.5), (1, 1), (1.01, 2), (6, 10), (1000, 1000), (0, 1), (-.infinity, 1),
    ] {
      #expect(roundUp(value) == expected)
    }
  }

  @Test func numbersHaveFixedDigits() {
    #expect(decimal(-0.004, 2) == "0.00")
    #expect(decimal(-1.5, 1) == "−1.5")
    #expect(decimal(.nan, 2) == "–")
  }
}
