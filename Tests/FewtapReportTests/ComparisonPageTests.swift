import FewtapCore
import FewtapReport
import FewtapTargets
import TestSupport
import Testing

/// A page of small filters: XML, complete, and closed to the network and to hostile names.
@Suite struct ComparisonPageTests {
  private static let hostile = "\"><script>alert('1')</script>&\u{0}\u{202E}.png"

  private static func comparison(_ contenders: [String], kernel: String = "disk:radius=3", name: String? = nil) throws
    -> Comparison
  {
    let kernel = try KernelSpecification(kernel).makeKernel()
    var options = ComparisonRun.Options()
    (options.contenders, options.timedSize, options.rounds) = (try contenders.map(Contender.init), (40, 30), 1)
    options.effort = .fast
    var random = SeededGenerator(seed: 3)
    let planes = (0..<3).map { _ in
      Plane<Float>(width: 40, height: 30, exactly: (0..<1200).map { _ in Float(random.unit()) })
    }
    let scene = ComparisonRun.Scene(name: name ?? "noise.png", image: try Image(planes: planes))
    return try ComparisonRun(name.map(kernel.named) ?? kernel, scenes: [scene], options).run()
  }

  private static func page(_ comparison: Comparison) throws -> ComparisonPage {
    let context = ComparisonPage.Context(
      machine: "a machine", commit: "c0ffee", version: "1.2.3", seed: 1, effort: "fast", border: "mirror", rounds: 1,
      commands: ["fewtap compare '<a&b>.npy'"], notes: ["left out: <somebody>"])
    // Not a picture, but bytes that tell its size.
    return try ComparisonPage(comparison, context: context) { image in
      [UInt8(image.width & 255), UInt8(image.height & 255), UInt8(image.planes.count)]
    }
  }

  private static let contenders = ["fewtap:16", "low-rank:1", "kawase", "box", "fft", "dense"]

  @Test func isXMLThatNamesAll() throws {
    let comparison = try Self.comparison(Self.contenders)
    let page = try Self.page(comparison)
    let xml = WellFormed(page.html)
    #expect(xml.problem == nil)
    for row in comparison.rows {
      #expect(xml.text.contains(row.name))
      if case .cannot(let reason) = row.outcome { #expect(xml.text.contains("cannot: \(reason)")) }
    }
    #expect(comparison.rows.contains { if case .cannot = $0.outcome { true } else { false } }, "nobody was refused")
    for word in [
      "c0ffee", "1.2.3", "a machine", "noise.png", "points of light", "fewtap compare '<a&b>.npy'",
      "left out: <somebody>",
    ] {
      #expect(xml.text.contains(word), "\(word)")
    }
    // A scene's truth and all that are not exact, of the noise and of the points of light, twice each; kernels likewise.
    let measured = comparison.rows.compactMap { if case .measured(let m) = $0.outcome { ($0.side, m) } else { nil } }
    let approximate = measured.count { $0.0 != .exact }
    let images = xml.elements.count { $0 == "img" }
    #expect(images == 1 + 2 * measured.count + 2 * (1 + 2 * approximate))
    #expect(xml.attributes.count { $0.name == "alt" && !$0.value.isEmpty } == images)
    #expect(!page.html.contains("nan") && !page.html.contains("inf,"))
  }

  @Test func loadsNothingAndRunsNothing() throws {
    let page = try Self.page(Self.comparison(Self.contenders))
    let xml = WellFormed(page.html)
    for (name, value) in xml.attributes where ["src", "href", "xlink:href", "data", "poster", "srcset"].contains(name) {
      #expect(value.hasPrefix("data:image/png;base64,"), "\(value.prefix(60))")
    }
    #expect(!xml.attributes.contains { $0.name.hasPrefix("on") })
    for element in ["script", "link", "iframe", "object", "embed"] { #expect(!xml.elements.contains(element)) }
    for word in ["@import", "url(http", "url(//", "@font-face"] { #expect(!page.html.contains(word)) }
  }

  @Test func everyFigureIsAFileOfItsOwn() throws {
    let page = try Self.page(Self.comparison(Self.contenders))
    let names = page.figures.map(\.name)
    #expect(Set(names).count == names.count)
    for name in ["kernels", "error-time", "error-multiply-adds", "convergence", "scene-1", "scene-2"] {
      #expect(names.contains(name))
    }
    #expect(names.contains { $0.hasPrefix("taps-1-fewtap") })
    for (name, svg) in page.figures {
      #expect(name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" }, "\(name)")
      #expect(WellFormed(svg).problem == nil, "\(name)")
      #expect(!svg.contains("var(") && !svg.lowercased().contains("nan"), "\(name)")
    }
  }

  @Test func withoutASearchThereIsNoConvergence() throws {
    let page = try Self.page(Self.comparison(["low-rank:1", "dense"]))
    #expect(!page.figures.contains { $0.name == "convergence" })
  }

  @Test func hostileNamesStayText() throws {
    let page = try Self.page(Self.comparison(["fewtap:16"], name: Self.hostile))
    for text in [page.html] + page.figures.map(\.svg) {
      let xml = WellFormed(text)
      #expect(xml.problem == nil)
      #expect(!xml.elements.contains("script"))
      #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0 == "\u{202E}" })
    }
    #expect(WellFormed(page.html).text.contains("\"><script>alert('1')</script>&\\u0000\\u202e.png"))
  }

  @Test func aPageOfRefusalsAlone() throws {
    let page = try Self.page(Self.comparison(["box", "complex-disk:1"], kernel: "heart:size=15"))
    let xml = WellFormed(page.html)
    #expect(xml.problem == nil)
    #expect(xml.text.contains("iterated box 3") && xml.text.contains("Nobody here approximates"))
    #expect(!xml.elements.contains("table"))
  }

  @Test func negativeWeightsAreDrawnOnGray() throws {
    var plane = Plane<Double>(width: 5, height: 5)
    (plane[1, 2], plane[3, 2]) = (-1, 1)
    let edge = try Kernel(name: "edge", values: plane)
    var options = ComparisonRun.Options()
    (options.contenders, options.timedSize, options.rounds) = ([try Contender("low-rank:1")], (40, 30), 1)
    let comparison = try ComparisonRun(edge, scenes: [], options).run()
    var pictures: [Image] = []
    let context = ComparisonPage.Context(
      machine: "", commit: "", version: "", seed: 1, effort: "", border: "", rounds: 1, commands: [])
    let page = try ComparisonPage(comparison, context: context) { image in
      pictures.append(image)
      return []
    }
    let kernel = try #require(pictures.first).planes[0].values
    let half = Float(TransferFunction.srgb.decode(0.5))
    #expect(Set(kernel) == [0, half, 1])
    let text = WellFormed(page.html).text
    #expect(text.contains("gray 0, white and black its largest weight"))
    #expect(text.contains("No image was given"))
  }

  @Test func picturesOfLargeKernelsAreSmall() throws {
    let comparison = try Self.comparison(["low-rank:1"], kernel: "box:width=301,height=3")
    var sides: [Int] = []
    let context = ComparisonPage.Context(
      machine: "", commit: "", version: "", seed: 1, effort: "", border: "", rounds: 1, commands: [])
    let page = try ComparisonPage(comparison, context: context) { image in
      sides.append(max(image.width, image.height))
      return []
    }
    #expect(try #require(sides.max()) < 301)
    #expect(WellFormed(page.html).text.contains("A pixel is the mean of 2\u{A0}×\u{A0}2 weights."))
  }

  @Test func aScaleHasItsColorsInOrder() {
    let (low, zero, high) = (ColorScale.codes(-1), ColorScale.codes(0), ColorScale.codes(1))
    #expect(low == [0, 18, 97] && high == [89, 0, 8])
    #expect(zero.allSatisfy { $0 > 220 })
    #expect(ColorScale.codes(-7) == low && ColorScale.codes(.nan) == zero)
    // Darker toward both ends, so that it reads in gray as well.
    let light = (0...32).map { ColorScale.codes(Double($0) / 32).reduce(0, +) }
    #expect(zip(light, light.dropFirst()).allSatisfy { $0 >= $1 })
  }
}
