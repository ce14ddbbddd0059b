import FewtapCore
import FewtapEngine
import FewtapImageIO
import FewtapShaders
import FewtapViewer
import Foundation
import TestSupport
import Testing

/// Pages in headless Chromium: what they compute, show and refuse.
@Suite(
  "Pages in a browser", .serialized,
  .enabled(if: Browser.missing == nil, "skipped: \(Browser.missing ?? "") (see Scripts/install-deps test)"))
struct BrowserTests {
  /// What the project promises of a shader in half floats against the CPU's reference.
  static let promised = 2e-3

  /// Seeded noise as the page gets it.
  static func picture(width: Int, height: Int, seed: UInt64 = 831) throws -> ViewImage {
    var random = SeededGenerator(seed: seed)
    let planes: [Plane<Float>] = (0..<3).map { _ in random.plane(width: width, height: height, in: 0...1) }
    let file = try ImageFile(image: Image(planes: planes)).encode(
      as: .png, options: WriteOptions(type: .uint8, transfer: .srgb), path: "noise.png")
    return ViewImage(kind: .png, bytes: file.bytes)
  }

  static func write(_ data: ViewData, _ path: String) throws {
    try Data(ViewPage(data).bytes).write(to: URL(filePath: path))
  }

  private static func filters() -> [(String, SparseFilter)] {
    var random = SeededGenerator(seed: 832)
    let cases: [(TapModel, [Int], Resampling?)] = [
      (.bilinear, [9, 5, 3], nil), (.integer, [12, 4], nil), (.bilinear, [6, 3], Resampling(factor: 2)),
      (.integer, [7], Resampling(factor: 4, prefilter: .quadratic, interpolator: .linear)),
    ]
    return cases.map { model, layout, rate in
      let chain = random.chain(model, layout: layout, reach: rate == nil ? 5 : 2)
      return ("\(model) \(layout) \(rate?.factor ?? 1)", SparseFilter(chain: chain, rate: rate, gain: 0.9))
    }
  }

  /// Expects the first three channels near `expected`, and alpha untouched by decoding.
  private func expectNear(_ seen: [Plane<Double>], _ expected: [Plane<Double>], _ label: String) {
    for channel in 0..<3 {
      #expect(seen[channel].width == expected[channel].width && seen[channel].height == expected[channel].height)
      let worst = zip(seen[channel].values, expected[channel].values).reduce(0.0) { worst, pair in
        let difference = abs(pair.0 - pair.1)
        return difference.isNaN ? .infinity : max(worst, difference)
      }
      #expect(worst <= Self.promised, "\(label), channel \(channel): \(worst)")
    }
  }

  @Test("filters give the reference's pixels, and the input is the image in linear light") func filterPixels() throws {
    try TemporaryFolder.with { folder in
      let (width, height) = (61, 47)
      let image = try Self.picture(width: width, height: height)
      var steps: [Browser.Step] = []
      for (index, (name, filter)) in Self.filters().enumerated() {
        var data = try ViewData(filter, name: name)
        data.image = image
        try Self.write(data, "\(folder)/\(index).html")
        steps += Browser.Step.load("\(folder)/\(index).html")
        steps += ["fewtap.input()", "fewtap.pixels()"].map { .evaluate(PageScript.floats($0)) }
      }
      let results = try Browser.results(steps)
      let light = try ImageFile.decode(image.bytes, path: "noise.png").image.planes.map { $0.map { Double($0) } }
      for (index, (name, filter)) in Self.filters().enumerated() {
        #expect(results[3 * index] is NSNull, "\(name): \(results[3 * index])")
        let input = try planes(results[3 * index + 1], width: width)
        for channel in 0..<3 {
          // The same formula twice, in floats.
          let pairs = zip(input[channel].values, light[channel].values)
          #expect(pairs.allSatisfy { abs($0 - $1) <= 0x1p-20 })
        }
        let expected = try input.map { try ReferenceApply.apply(filter, to: $0, border: .clamp) }
        expectNear(try planes(results[3 * index + 2], width: width), expected, name)
      }
    }
  }

  private static func bases() throws -> [(String, FilterBasis)] {
    let radius = KnotAxis(name: "radius", unit: "px", knots: [0, 1.5, 4, 9])
    let angle = KnotAxis(name: "angle", unit: "degrees", knots: [0, 70, 180], isPeriodic: true)
    var random = SeededGenerator(seed: 833)
    func filters(_ count: Int, _ layout: [Int], _ rate: Resampling?) -> [SparseFilter] {
      (0..<count).map { _ in
        SparseFilter(chain: random.chain(.bilinear, layout: layout, reach: rate == nil ? 4 : 2), rate: rate)
      }
    }
    let low = filters(2, [6], nil) + filters(2, [6], Resampling(factor: 2))
    var around = filters(12, [5, 3], nil)
    // A periodic axis comes around to the same filter.
    for row in 0..<4 { around[3 * row + 2] = around[3 * row] }
    return [
      ("offsets", FilterBasis(interpolation: .offsets, axes: [radius], filters: filters(4, [5, 3], nil))),
      ("offsets of two", FilterBasis(interpolation: .offsets, axes: [radius, angle], filters: around)),
      ("outputs", FilterBasis(interpolation: .outputs, axes: [radius], filters: low)),
    ]
  }

  @Test("bases give the reference's pixels, by one point and by a map") func basisPixels() throws {
    try TemporaryFolder.with { folder in
      let (width, height) = (53, 41)
      var random = SeededGenerator(seed: 834)
      let bases = try Self.bases()
      var steps: [Browser.Step] = []
      for (index, (name, basis)) in bases.enumerated() {
        var data = try ViewData(basis, name: name)
        data.image = try Self.picture(width: width, height: height)
        // Smooth, as maps are.
        let low = basis.axes.map(\.axis.range)
        let map = ParameterMap(width: width, height: height, axisCount: basis.axes.count) {
          axis, row, columns, values in
          let range = low[axis]
          for (place, column) in columns.enumerated() {
            let share = 0.5 + 0.25 * (Double(column) / 52 - Double(row) / 40) + 0.2 * Double(axis)
            values[place] = Float(range.lowerBound + (range.upperBound - range.lowerBound) * share)
          }
        }
        try data.setMap(map)
        try Self.write(data, "\(folder)/\(index).html")
        steps += Browser.Step.load("\(folder)/\(index).html")
        steps += ["fewtap.input()", "fewtap.pixels()"].map { .evaluate(PageScript.floats($0)) }
        for axis in basis.axes.indices {
          steps.append(
            .evaluate(
              PageScript.floats(
                "(() => { const plane = fewtap.state().parameters.map.planes[\(axis)]; return Float32Array.from({ length: 4 * plane.length }, (_, index) => plane[index >> 2]); })()"
              )))
        }
        // One point for all pixels, by the slider.
        let range = basis.axes[0].axis.range
        let value = range.lowerBound + (range.upperBound - range.lowerBound) * random.uniform(0.2, 0.9)
        steps.append(.evaluate(PageScript.set("parameter-0", "\(value)")))
        steps.append(.evaluate(PageScript.floats("fewtap.pixels()")))
        steps.append(.evaluate("fewtap.state().parameters.point"))
      }
      var results = try Browser.results(steps)[...]
      func next() throws -> Any {
        let result = results.popFirst()
        return try #require(result)
      }
      for (name, basis) in bases {
        let failure = try next()
        #expect(failure is NSNull, "\(name): \(failure)")
        let input = try planes(next(), width: width)
        let mapped = try planes(next(), width: width)
        let maps = try basis.axes.map { _ in try planes(next(), width: width)[0] }
        _ = try next()
        let single = try planes(next(), width: width)
        let point = try #require(next() as? [Double])
        func expected(_ values: [Plane<Double>]) throws -> [Plane<Double>] {
          let coordinates = zip(basis.axes, values).map { axis, plane in plane.map { axis.coordinate(of: $0) } }
          let reference = try ReferenceVarying(basis, coordinates: coordinates)
          return try input.map { try reference.apply(to: $0) }
        }
        expectNear(mapped, try expected(maps), "\(name) by a map")
        let constant = point.map { value in Plane(width: width, height: height) { _, _ in value } }
        expectNear(single, try expected(constant), "\(name) at \(point)")
      }
    }
  }

  /// A filter that is its own kernel's taps, with that kernel.
  private static func exact() throws -> (SparseFilter, Kernel) {
    let kernel = try ViewDataTests.disk(side: 9)
    var taps: [Tap] = []
    for y in 0..<9 {
      for x in 0..<9 where kernel.values[x, y] != 0 {
        taps.append(Tap(x: Double(x - 4), y: Double(y - 4), weight: kernel.values[x, y] / kernel.sum))
      }
    }
    return (
      SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer(taps), TapLayer([Tap(x: 0, y: 0, weight: 1)])])),
      try kernel.scaled(by: 1 / kernel.sum)
    )
  }

  @Test("controls of a filter's page change what they should") func filterControls() throws {
    try TemporaryFolder.with { folder in
      let (filter, kernel) = try Self.exact()
      var data = try ViewData(filter, name: "disk.json", target: kernel)
      data.image = try Self.picture(width: 96, height: 64)
      try Self.write(data, "\(folder)/page.html")
      let screen = PageScript.digest(PageScript.screen)
      let plot = { (id: String) in
        PageScript.digest(
          "(() => { const canvas = document.getElementById(\"\(id)\"); return canvas.getContext(\"2d\").getImageData(0, 0, canvas.width, canvas.height).data; })()"
        )
      }
      var steps: [Browser.Step] = [.size(1280, 900)] + Browser.Step.load("\(folder)/page.html")
      var names: [(String, isSame: Bool)] = []
      func change(_ name: String, seen: String, isSame: Bool = false, _ step: Browser.Step) {
        names.append((name, isSame))
        steps += [.evaluate(seen), step, .evaluate(Browser.settled), .evaluate(seen)]
      }
      func set(_ id: String, _ value: String, seen: String, isSame: Bool = false) {
        change("\(id) \(value)", seen: seen, isSame: isSame, .evaluate(PageScript.set(id, value)))
        // What a step of evaluation gives is in the results too.
        setters.append(names.count - 1)
      }
      var setters: [Int] = []
      set("divider", "200", seen: screen)
      set("exposure", "1.5", seen: screen)
      set("exposure", "0", seen: screen)
      change("zoom-in", seen: screen, .press("#zoom-in"))
      change("zoom-out", seen: screen, .press("#zoom-out"))
      change("zoom-in", seen: screen, .press("#zoom-in"))
      change("zoom-fit", seen: screen, .press("#zoom-fit"))
      set("left-view", "\"filtered\"", seen: screen)
      // With the same on both sides the divider parts nothing.
      set("divider", "800", seen: screen, isSame: true)
      set("right-view", "\"input\"", seen: screen)
      set("point-light", "true", seen: PageScript.digest("fewtap.pixels()"))
      set("point-light", "false", seen: PageScript.digest("fewtap.input()"))
      set("step", "1", seen: plot("layer-plot"))
      set("step", "0", seen: plot("effective-plot"))
      set("step", "2", seen: plot("error-plot"))
      change("dense-time", seen: "document.getElementById(\"dense-result\").textContent", .press("#dense-time"))
      steps.append(.evaluate("document.getElementById(\"figures\").textContent"))
      steps.append(.evaluate("document.getElementById(\"frame-time\").textContent"))
      steps.append(.evaluate("fewtap.failure"))
      var results = try Browser.results(steps)[...]
      func next() throws -> Any {
        let result = results.popFirst()
        return try #require(result)
      }
      #expect(try next() is NSNull)
      for (index, (name, isSame)) in names.enumerated() {
        let before = try #require(next() as? NSObject)
        if setters.contains(index) { _ = try next() }
        _ = try next()
        let after = try #require(next() as? NSObject)
        #expect((before == after) == isSame, "\(name): \(before) and \(after)")
      }
      let figures = try #require(next() as? String)
      #expect(figures.contains("\(filter.chain.tapCount) in 2 layers") && figures.contains("\(kernel.supportCount)"))
      let time = try next() as? String
      #expect(time?.contains("ms") == true)
      #expect(try next() is NSNull)
    }
  }

  @Test("the worker's dense truth is what the exact filter gives") func truth() throws {
    try TemporaryFolder.with { folder in
      let (filter, kernel) = try Self.exact()
      var data = try ViewData(filter, name: "disk.json", target: kernel)
      data.image = try Self.picture(width: 96, height: 64)
      try Self.write(data, "\(folder)/page.html")
      func both(_ view: String) -> [Browser.Step] {
        [.evaluate(PageScript.set("left-view", "\"\(view)\"")), .evaluate(PageScript.set("right-view", "\"\(view)\""))]
      }
      let ready = """
        new Promise((done) => {
          const look = () => (fewtap.state().view.textures.truth ? done(true) : setTimeout(look, 50));
          look();
        })
        """
      let screen = Browser.Step.evaluate("Array.from(\(PageScript.screen))")
      let results = try Browser.results(
        [.size(500, 700)] + Browser.Step.load("\(folder)/page.html") + both("filtered") + [screen] + both("truth")
          + [.evaluate(ready), screen] + both("input") + [screen])
      let seen = results.compactMap { $0 as? [Int] }
      try #require(seen.count == 3)
      let worst = zip(seen[0], seen[1]).map { abs($0 - $1) }.max() ?? 255
      #expect(worst <= 2, "codes of 8 bits: \(worst)")
      #expect((zip(seen[0], seen[2]).map { abs($0 - $1) }.max() ?? 0) > 40)
    }
  }

  @Test("controls of a basis' page change its pixels") func basisControls() throws {
    try TemporaryFolder.with { folder in
      let basis = try Self.bases()[1].1
      var data = try ViewData(basis, name: "b.json")
      data.image = try Self.picture(width: 96, height: 64)
      try Self.write(data, "\(folder)/page.html")
      let depth = Plane<Float>(width: 96, height: 64) { x, _ in Float(x) / 95 }
      try ImageFile(image: Image(planes: [depth])).write(
        path: "\(folder)/depth.png", options: WriteOptions(type: .uint8, transfer: .linear))
      let pixels = Browser.Step.evaluate(PageScript.digest("fewtap.pixels()"))
      let focused = """
        new Promise((done) => {
          const look = () => (fewtap.state().parameters.depth ? \(Browser.settled).then(done) : setTimeout(look, 50));
          look();
        })
        """
      let key = { (name: String) in
        "document.getElementById(\"pad\").dispatchEvent(new KeyboardEvent(\"keydown\", { key: \"\(name)\", bubbles: true })), \(Browser.settled)"
      }
      let steps: [[Browser.Step]] = [
        Browser.Step.load("\(folder)/page.html"), [.evaluate(PageScript.set("parameter-0", "2"))],
        [.evaluate(PageScript.set("parameter-1", "50"))], [.evaluate(key("ArrowRight"))], [.evaluate(key("ArrowUp"))],
        [.evaluate(PageScript.set("brush", "true")), .press("#picture", at: [0.3, 0.3]), .evaluate(Browser.settled)],
        [
          .evaluate(PageScript.set("brush-value", "0")), .press("#picture", at: [0.3, 0.3]), .evaluate(Browser.settled),
        ],
        [
          .evaluate(PageScript.set("brush", "false")), .files("#map-file", ["\(folder)/depth.png"]), .evaluate(focused),
        ],
        [.evaluate(PageScript.set("focus", "100"))], [.evaluate(PageScript.set("f-stop", "6"))],
        [.press("#picture", at: [0.3, 0.3]), .evaluate(Browser.settled)],
        [.press("#map-clear"), .evaluate(Browser.settled)],
      ]
      let results = try Browser.results(
        [.size(1280, 900)] + steps.flatMap { $0 + [pixels] } + [.evaluate("fewtap.failure")])
      #expect(results.last is NSNull)
      let digests = results.compactMap { $0 as? Int }
      #expect(digests.count == steps.count)
      for (index, pair) in zip(digests, digests.dropFirst()).enumerated() {
        #expect(pair.0 != pair.1, "step \(index + 1): \(steps[index + 1])")
      }
    }
  }

  @Test("a photo is taken; broken, empty and huge ones get a message, and names stay text") func photos() throws {
    try TemporaryFolder.with { folder in
      let (filter, _) = try Self.exact()
      try Self.write(ViewData(filter, name: "disk.json"), "\(folder)/page.html")
      let image = try Self.picture(width: 40, height: 30)
      let crafted = "<img src=x onerror=document.title=1>.png"
      try Data(image.bytes).write(to: URL(filePath: "\(folder)/good.png"))
      try Data(image.bytes.prefix(90)).write(to: URL(filePath: "\(folder)/broken.png"))
      try Data(Array("no image".utf8)).write(to: URL(filePath: "\(folder)/\(crafted)"))
      try Data().write(to: URL(filePath: "\(folder)/empty.png"))
      // A head that tells of 60000 x 60000 pixels: sizes stand at bytes 16 to 23 (PNG, 11.2.1), their check after them.
      var huge = image.bytes
      for place in [16, 20] { huge.replaceSubrange(place..<place + 4, with: [0, 0, 0xEA, 0x60]) }
      huge.replaceSubrange(29..<33, with: Self.checksum(huge[12..<29]))
      try Data(huge).write(to: URL(filePath: "\(folder)/huge.png"))
      let message = """
        new Promise((done) => {
          const look = () => (document.getElementById("message").textContent ? done(document.getElementById("message").textContent) : setTimeout(look, 50));
          look();
        })
        """
      let clear = "document.getElementById(\"message\").textContent = \"\""
      var steps = Browser.Step.load("\(folder)/page.html")
      let bad = ["broken.png", "empty.png", "huge.png", crafted]
      for name in bad {
        steps += [.evaluate(clear), .files("#photo-file", ["\(folder)/\(name)"]), .evaluate(message)]
      }
      steps += [
        .files("#photo-file", ["\(folder)/good.png"]),
        .evaluate(
          "new Promise((done) => { const look = () => (fewtap.width === 40 ? done([fewtap.width, fewtap.height]) : setTimeout(look, 50)); look(); })"
        ), .evaluate("[document.title, document.images.length, fewtap.failure]"),
      ]
      let results = try Browser.results(steps)
      for (index, name) in bad.enumerated() {
        let text = try #require(results[2 + 2 * index] as? String)
        #expect(text.contains(name), "\(text)")
      }
      #expect(results[results.count - 2] as? [Int] == [40, 30])
      let end = try #require(results.last as? [Any])
      #expect(end[0] as? String == "disk.json" && end[1] as? Int == 0 && end[2] is NSNull)
    }
  }

  /// CRC-32 of a PNG chunk, big-endian (PNG, annex D).
  private static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var sum: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? 0xEDB8_8320 ^ sum >> 1 : sum >> 1 }
    }
    return (0..<4).map { UInt8(truncatingIfNeeded: ~sum >> (24 - 8 * UInt32($0))) }
  }

  @Test("names of files, kernels, families and parameters inject nothing") func names() throws {
    try TemporaryFolder.with { folder in
      var steps: [Browser.Step] = []
      for (index, name) in ViewPageTests.names.enumerated() {
        var basis = ViewDataTests.basis([2, 2], layout: [3], reach: 2)
        basis.family = name
        for axis in basis.axes.indices { (basis.axes[axis].name, basis.axes[axis].unit) = ("\(axis)\(name)", name) }
        try Self.write(ViewData(basis, name: name), "\(folder)/\(index).html")
        // The dialog of an alert would hold the page up, and this would never end.
        steps += Browser.Step.load("\(folder)/\(index).html")
        steps.append(
          .evaluate(
            "[document.getElementById(\"title\").textContent, document.images.length, document.scripts.length, document.querySelectorAll(\"svg\").length]"
          ))
      }
      let results = try Browser.results(steps)
      for (index, name) in ViewPageTests.names.enumerated() {
        #expect(results[2 * index] is NSNull, "\(name): \(results[2 * index])")
        let seen = try #require(results[2 * index + 1] as? [Any])
        #expect(
          seen[0] as? String == name && seen[1] as? Int == 0 && seen[2] as? Int == 4 && seen[3] as? Int == 0, "\(seen)")
      }
    }
  }

  @Test("nothing is wider than the screen at 360, 768 and 1280 pixels, light or dark") func widths() throws {
    try TemporaryFolder.with { folder in
      try Self.write(
        ViewData(Self.filters()[0].1, name: String(repeating: "long-name-", count: 12)), "\(folder)/filter.html")
      try Self.write(ViewData(Self.bases()[1].1, name: "b.json"), "\(folder)/basis.html")
      var steps: [Browser.Step] = []
      for page in ["filter", "basis"] {
        for width in [360, 768, 1280] {
          steps += [.size(width, 800)] + Browser.Step.load("\(folder)/\(page).html")
          steps.append(.evaluate("document.documentElement.scrollWidth - \(width)"))
        }
      }
      let results = try Browser.results(steps)
      for index in stride(from: 1, to: results.count, by: 2) {
        let excess = try #require(results[index] as? Int)
        #expect(excess <= 0, "page and width \(index / 2)")
      }
    }
  }

  @Test("without WebGL there is a message, and one frame by the processor") func withoutWebGL() throws {
    try TemporaryFolder.with { folder in
      let (filter, kernel) = try Self.exact()
      var data = try ViewData(filter, name: "disk.json", target: kernel)
      data.image = try Self.picture(width: 40, height: 30)
      try Self.write(data, "\(folder)/page.html")
      let frame = """
        new Promise((done) => {
          const look = () => (fewtap.frames ? done(Array.from(document.getElementById("picture").getContext("2d").getImageData(0, 0, 40, 30).data)) : setTimeout(look, 50));
          look();
        })
        """
      let results = try Browser.results(
        [
          .open("\(folder)/page.html"),
          .evaluate("fewtap.ready.then(() => document.getElementById(\"message\").textContent)"),
          .evaluate(frame), .evaluate("fewtap.failure"),
        ], hasWebGL: false)
      #expect((results[0] as? String)?.contains("WebGL 2") == true)
      let codes = try #require(results[1] as? [Int])
      let light = try ImageFile.decode(data.image?.bytes ?? [], path: "noise.png").image.planes
      for channel in 0..<3 {
        let expected = try ReferenceApply.apply(kernel, to: light[channel].map { Double($0) })
        for (place, value) in expected.values.enumerated() {
          let code = 255 * TransferFunction.srgb.encode(value)
          // Rounded to 8 bits, and the page's kernel to 16.
          #expect(abs(Double(codes[4 * place + channel]) - code) <= 0.75)
        }
      }
      #expect(results[2] is NSNull)
    }
  }
}
