import FewtapCore
import FewtapReport
import FewtapTargets
import TestSupport
import Testing

/// Varying filters compared on small images.
@Suite struct VaryingComparisonTests {
  private static func comparison(
    _ contenders: [String], family: String = "disk:radius=1...4", name: String = "noise.png",
    map: @escaping @Sendable (_ axis: Int, _ x: Int, _ y: Int) -> Double = { _, x, _ in x < 24 ? 1 : 4 }
  ) throws -> VaryingComparison {
    let family = try KernelFamily(family)
    var options = VaryingComparisonRun.Options()
    options.contenders = try contenders.map { try VaryingContender($0, axisCount: family.axes.count) }
    (options.rounds, options.temperingIterations) = (1, 20)
    var random = SeededGenerator(seed: 3)
    let planes = (0..<3).map { _ in
      Plane<Float>(width: 48, height: 40, exactly: (0..<1920).map { _ in Float(random.unit()) })
    }
    let scene = ComparisonRun.Scene(name: name, image: try Image(planes: planes))
    let axisCount = family.axes.count
    return try VaryingComparisonRun(family, mapName: "halves", scenes: [scene], options) { width, height in
      ParameterMap(width: width, height: height, axisCount: axisCount) { axis, row, columns, values in
        for (index, x) in columns.enumerated() { values[index] = Float(map(axis, x, row)) }
      }
    }.run()
  }

  /// The dense kernel at every pixel is the truth; others err, more where there are fewer terms; a map of two halves has an edge.
  @Test func rowsTellWhoIsNear() throws {
    let comparison = try Self.comparison(["dense", "product:2", "product:6", "low-rank:1", "outputs:4"])
    #expect(comparison.rows.map(\.side) == [.exact, .rival, .rival, .rival, .ours])
    let figures = comparison.measured.map(\.figures)
    try #require(figures.count == 5, "\(comparison.refusals)")
    // No difference at all is told as 300 dB.
    #expect(figures[0].psnr == 300 && figures[0].worstTile == 300 && figures[0].flip == 0)
    #expect(figures[2].psnr > figures[1].psnr + 6 && figures[4].psnr > figures[3].psnr)
    for m in figures {
      #expect(m.nearEdges != nil && m.aroundEdges != nil && m.ssim != nil && m.time.median > 0 && m.numberCount > 0)
      #expect(m.worstTile <= m.psnr && m.views.count == 1 && m.kernels.count == comparison.places.count)
    }
    for (place, kernel) in zip(comparison.places, figures[0].kernels) {
      #expect(place.kernel == kernel && place.parameters == [place.x < 24 ? 1 : 4])
    }
    #expect(figures[4].fileByteCount != nil && figures[1].fileByteCount == nil)
  }

  /// A map without jumps has no edges; two parameters, one of them an angle, are as good as one.
  @Test func mapsWithoutEdgesHaveNone() throws {
    let comparison = try Self.comparison(["product:12", "dense"], family: "motion:length=1...5,angle=0...180") {
      axis, x, y in axis == 0 ? 1 + 4 * Double(x) / 47 : 3 * Double(y)
    }
    #expect(comparison.axes.map(\.isPeriodic) == [false, true] && comparison.levels.count == 2)
    for (_, figures) in comparison.measured { #expect(figures.nearEdges == nil && figures.aroundEdges == nil) }
    #expect(comparison.measured.count == 2 && comparison.measured[0].figures.psnr > 30)
  }

  @Test func namesAreRead() throws {
    for (text, axes, contender) in [
      ("outputs:24", 1, VaryingContender.outputs(knots: [24])), ("outputs", 1, .outputs(knots: [16])),
      ("offsets", 2, .offsets(knots: [6, 9])), ("paper:3x5", 2, .paper(knots: [3, 5])),
      ("tempering", 1, .tempering(knots: [8])), ("low-rank:2", 1, .lowRank(2, knots: [8])),
      ("product:5", 3, .productConvolution(terms: 5)), ("dense", 1, .dense),
    ] {
      #expect(try VaryingContender(text, axisCount: axes) == contender)
    }
    for (text, error) in [
      ("nobody", VaryingContenderError.unknown("nobody")), ("dense:1", .badValue(.dense, "1")),
      ("outputs:1", .badValue(.outputs, "1")), ("outputs:", .badValue(.outputs, "")),
      ("product:65", .badValue(.product, "65")), ("low-rank:x", .badValue(.lowRank, "x")),
      ("offsets:3x3", .axisCount(.offsets, "3x3", 1)),
    ] {
      #expect(throws: error) { try VaryingContender(text, axisCount: 1) }
    }
    // Tempering at the knots of several parameters takes too long to be asked of all.
    for count in 1...4 { #expect(VaryingContender.standard(axisCount: count).count == (count == 1 ? 9 : 8)) }
  }

  /// A page is XML that names all, and lets no file's name write into it.
  @Test func aPageIsXML() throws {
    let comparison = try Self.comparison(["product:2", "low-rank:1", "dense"], name: "\"><script>&.png")
    let context = ComparisonPage.Context(
      machine: "a machine", commit: "c0ffee", version: "1.2.3", seed: 1, effort: "fast", border: "mirror", rounds: 1,
      commands: ["fewtap compare '<a&b>.npy'"])
    let page = try VaryingComparisonPage(comparison, context: context) { image in
      [UInt8(image.width & 255), UInt8(image.height & 255), UInt8(image.planes.count)]
    }
    let xml = WellFormed(page.html)
    #expect(xml.problem == nil)
    for row in comparison.rows { #expect(xml.text.contains(row.name)) }
    #expect(!page.html.contains("<script") && !page.html.contains("nan"))
    // The map; a truth at each place and in the scene; a kernel, a part and their errors of each that errs, and all its errors.
    let places = comparison.places.count
    #expect(xml.elements.count { $0 == "img" } == 1 + places * (1 + 2 * 2) + (1 + 2 * 2) + 2)
    for figure in page.figures { #expect(WellFormed(figure.svg).problem == nil, "\(figure.name)") }
    #expect(Set(page.figures.map(\.name)).count == page.figures.count)
  }
}
