import FewtapCore
import FewtapSynthesis
import FewtapViewer
import Foundation
import TestSupport
import Testing

/// What a page holds of filters and bases.
@Suite struct ViewDataTests {
  /// A disk of an odd size, blurred a little at its rim by no rule at all: any kernel does.
  static func disk(side: Int) throws -> Kernel {
    let middle = Double(side / 2)
    let plane = Plane<Double>(width: side, height: side) { x, y in
      let distance = ((Double(x) - middle) * (Double(x) - middle) + (Double(y) - middle) * (Double(y) - middle))
        .squareRoot()
      return max(0, min(1, middle - distance))
    }
    return try Kernel(name: "disk", values: plane)
  }

  static func basis(_ shape: [Int], layout: [Int], reach: Double, _ interpolation: FilterBasis.Interpolation = .offsets)
    -> FilterBasis
  {
    var random = SeededGenerator(seed: 811)
    let names = [("length", "px"), ("angle", "degrees"), ("x", ""), ("y", "")]
    let axes = zip(shape, names).map { count, name in
      KnotAxis(name: name.0, unit: name.1, knots: (0..<count).map { 1 + 1.5 * Double($0) })
    }
    let filters = (0..<shape.reduce(1, *)).map { _ in
      SparseFilter(chain: random.chain(.bilinear, layout: layout, reach: reach))
    }
    return FilterBasis(interpolation: interpolation, axes: axes, filters: filters, family: "motion:length=1...24")
  }

  @Test(arguments: [nil, Resampling(factor: 2), Resampling(factor: 4, prefilter: .quadratic, interpolator: .linear)])
  func steps(rate: Resampling?) throws {
    var random = SeededGenerator(seed: 801)
    let chain = random.chain(.bilinear, layout: [9, 5, 3], reach: 4)
    let filter = SparseFilter(chain: chain, rate: rate, gain: 0.8)
    let steps = try PageData(ViewPage(ViewData(filter, name: "k.json"))).steps()
    #expect(steps.count == 4)
    for count in 1...3 {
      var part = filter
      part.chain.layers = Array(chain.layers.prefix(count))
      #expect(try steps[count].halfCodes(from: part.effectiveKernel()) <= 1 + 1e-6, "\(count) layers")
    }
    // No layer: what the change of rate does alone, whose taps sum to the gain.
    if rate == nil { #expect(steps[0].values == [0.8] && steps[0][0, 0] == 0.8) }
    let sum = steps[0].values.reduce(0, +)
    #expect(abs(sum - 0.8) <= Double(steps[0].values.count) * (steps[0].high - steps[0].low) / 131070 + 1e-12)
  }

  @Test func figuresAndTaps() throws {
    var random = SeededGenerator(seed: 802)
    let chain = random.chain(.integer, layout: [6, 3], reach: 3)
    let target = try Self.disk(side: 9)
    let fit = FitRecord(
      objective: "photo", recipe: "fewtap", effort: "normal", seed: 1, relativeError: 0.12, photoPSNR: 71.5,
      worstPhotoPSNR: 69.25, noiseGain: 1.3, termination: "completed")
    let filter = SparseFilter(
      chain: chain, rate: Resampling(factor: 4), kernel: KernelReference(target), fit: fit)
    let page = try PageData(ViewPage(ViewData(filter, name: "k.json", target: target)))
    #expect(page.page["format"] as? String == "fewtap.view" && page.page["version"] as? Int == 1)
    #expect(page.fields["kind"] as? String == "filter" && page.fields["title"] as? String == "disk")
    #expect(page.figure("taps") == 9 && page.figure("layers") == 2 && page.figure("rate") == 4)
    #expect(page.figure("decibels") == 71.5 && page.figure("worstDecibels") == 69.25)
    #expect(page.figure("relativeError") == 0.12 && page.figure("denseTaps") == Double(target.supportCount))
    #expect(abs((page.figure("noiseGain") ?? 0) - chain.noiseGain) <= 1e-12)
    let shown = try PageData(
      ViewPage(
        ViewData(
          filter, name: "k.json", accuracy: ViewAccuracy(decibels: 50, worstDecibels: 48, relativeError: 0.5))))
    #expect(shown.figure("decibels") == 50 && shown.figure("relativeError") == 0.5)
    let layers = try #require(page.members[0]["layers"] as? [[String: Any]])
    #expect(layers.map { $0["scale"] as? Int } == [4, 4])
    let taps = try #require(layers[1]["taps"] as? [[Double]])
    #expect(taps.map { $0[0] } == chain.layers[1].taps.map(\.x))
    #expect(zip(taps, chain.layers[1].taps).allSatisfy { abs($0[2] - $1.weight) <= 0x1p-24 * abs($1.weight) })
    let kernel = try #require(try page.target())
    #expect(kernel.halfCodes(from: target) <= 1 + 1e-6)
    // The programs that hosts run, with every file that they tell of.
    let programs = try #require(page.fields["programs"] as? [String: [String: Any]])
    let files = try #require(page.fields["files"] as? [String: Any])
    #expect(programs.keys.sorted() == ["essl", "wgsl"])
    for (language, program) in programs {
      #expect(program["language"] as? String == language && program["stage"] as? String == "fragment")
      let passes = try #require(program["passes"] as? [[String: Any]])
      #expect(Double(passes.count) == page.figure("passes"))
      for pass in passes {
        let file = try #require(pass["file"] as? String)
        #expect(files[file] is String)
      }
      let vertices = try #require(program["fullscreen"] as? [String: Any])
      let name = try #require(vertices["file"] as? String)
      #expect(files[name] is String)
    }
  }

  /// A kernel of 257 columns is averaged over 3x3: a pixel in the middle still has offset 0.
  @Test func largeKernelsAreAveraged() throws {
    let large = try Self.disk(side: 257)
    let filter = SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: 0, y: 0, weight: 1)])]))
    let shown = try #require(try PageData(ViewPage(ViewData(filter, name: "k.json", target: large))).target())
    #expect(shown.scale == 3 && shown.width == 85 && shown.x == 42 && shown.y == 42)
    for (column, row) in [(0, 0), (20, -3), (42, 0), (-30, 29)] {
      var mean = 0.0
      for dy in -1...1 {
        for dx in -1...1 { mean += large.values[128 + 3 * column + dx, 128 + 3 * row + dy] / 9 }
      }
      #expect(abs(shown[column, row] - mean) <= (shown.high - shown.low) / 131070 * (1 + 1e-6))
    }
  }

  @Test func basisOfKnots() throws {
    let basis = Self.basis([3, 2], layout: [5, 3], reach: 4)
    let targets = try (0..<6).map { try Self.disk(side: 5 + 2 * $0) }
    var data = try ViewData(basis, name: "b.json", targets: targets)
    var random = SeededGenerator(seed: 803)
    let planes: [Plane<Float>] = basis.axes.map {
      random.plane(width: 7, height: 5, in: $0.axis.range)
    }
    try data.setMap(ParameterMap(planes))
    let page = try PageData(ViewPage(data, image: ViewImage(kind: .png, bytes: [1, 2, 3])))
    #expect(page.fields["kind"] as? String == "basis" && page.fields["title"] as? String == "motion:length=1...24")
    #expect(page.members.map { $0["point"] as? [Double] } == (0..<6).map { basis.parameters(ofFilter: $0) })
    for index in 0..<6 {
      let steps = try page.steps(index)
      #expect(steps.count == 1)
      #expect(try steps[0].halfCodes(from: basis.filters[index].effectiveKernel()) <= 1 + 1e-6)
      let target = try #require(try page.target(index))
      #expect(target.halfCodes(from: targets[index]) <= 1 + 1e-6)
    }
    let axes = try #require(page.fields["axes"] as? [[String: Any]])
    #expect(axes.map { $0["name"] as? String } == ["length", "angle"] && axes[0]["high"] as? Double == 4)
    let map = try #require(page.fields["map"] as? [String: Any])
    #expect(map["width"] as? Int == 7 && map["height"] as? Int == 5)
    for (axis, text) in try #require(map["planes"] as? [String]).enumerated() {
      let range = basis.axes[axis].axis.range
      let span = range.upperBound - range.lowerBound
      for (code, value) in try zip(codes(text), planes[axis].values) {
        #expect(abs(range.lowerBound + span * Double(code) / 65535 - Double(value)) <= span / 131070 * (1 + 1e-6))
      }
    }
    let image = try #require(page.page["image"] as? [String: Any])
    #expect(image["type"] as? String == "image/png" && image["base64"] as? String == "AQID")
  }

  /// Of very many knots those of a coarser grid are shown: the ends of each axis, and what lies evenly between.
  @Test func manyKnots() throws {
    let basis = Self.basis([17, 33], layout: [2], reach: 1)
    let knots = ViewData.knots(of: basis).map(basis.knot)
    let (rows, columns) = (Set(knots.map { $0[0] }).sorted(), Set(knots.map { $0[1] }).sorted())
    #expect(knots == rows.flatMap { row in columns.map { [row, $0] } } && knots.count <= 96 && knots.count > 40)
    #expect(rows.first == 0 && rows.last == 16 && columns.first == 0 && columns.last == 32)
    for places in [rows, columns] {
      let steps = zip(places, places.dropFirst()).map { $1 - $0 }
      #expect((steps.max() ?? 0) - (steps.min() ?? 0) <= 1)
    }
    let all = Self.basis([6, 9], layout: [2], reach: 1)
    #expect(ViewData.knots(of: all) == Array(0..<54))
    #expect(try PageData(ViewPage(ViewData(basis, name: "b.json"))).members.count == knots.count)
  }

  @Test func errors() throws {
    let basis = Self.basis([3], layout: [3], reach: 2)
    #expect(throws: ViewError.targets(found: 1, expected: 3)) {
      _ = try ViewData(basis, name: "b", targets: [try Self.disk(side: 5)])
    }
    var data = try ViewData(basis, name: "b")
    #expect(throws: ViewError.mapAxes(found: 2, expected: 1)) {
      try data.setMap(ParameterMap(width: 2, height: 2, constant: [1, 1]))
    }
    #expect(throws: ViewError.self) { try data.setMap(ParameterMap(width: 2, height: 2, constant: [.nan])) }
    #expect(throws: ViewError.mapValue(axis: "length", x: 0, y: 0, value: 9, expected: 1...4)) {
      try data.setMap(ParameterMap(width: 2, height: 2, constant: [9]))
    }
    #expect(!data.hasMap)
    // Taps far apart make a kernel so large that it would take minutes.
    let taps = (0..<1200).map { Tap(x: Double($0 * 3), y: Double($0 * 3), weight: 1) }
    let wide = SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer(taps)]))
    let error = #expect(throws: ViewError.self) { _ = try ViewData(wide, name: "w") }
    #expect(error?.description.contains("multiply-adds") == true)
    let empty = SparseFilter(chain: TapChain(model: .integer, layers: []))
    #expect(throws: ViewError.self) { _ = try ViewData(empty, name: "e") }
    // Weights that cancel leave no kernel to show.
    let none = SparseFilter(
      chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: 0, y: 0, weight: 1), Tap(x: 0, y: 0, weight: -1)])]))
    #expect(throws: ViewError.self) { _ = try ViewData(none, name: "n") }
  }
}
