import FewtapCore
import FewtapEngine
import FewtapShaders
import Foundation
import TestSupport
import Testing

/// What is written beside an export to run it, beyond what conformance suites hold: `ShaderRunners` runs all of their cases by the
/// hosts in JavaScript.
@Suite("Hosts")
struct HostTests {
  @Test("a host that does not run a language or stage says what would")
  func languages() throws {
    let one = SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: 0, y: 0, weight: 1)])]))
    let program = try ShaderProgram(one)
    for language in ShaderLanguage.allCases {
      for stage in ShaderStage.allCases {
        for host in ShaderHost.allCases {
          let runs = host == .swift ? language == .msl : language == .wgsl || language == .essl && stage == .fragment
          do {
            let files = try ShaderFiles(program, language: language, stage: stage, host: host)
            #expect(runs && files.host.allSatisfy(files.all.contains))
            let readme = try #require(files.all.first { $0.name == "README.txt" })
            #expect(String(decoding: readme.bytes, as: UTF8.self).contains(files.host[0].name))
          } catch let error as ShaderError {
            #expect(!runs && error == .host(host, language: language, stage: stage))
            let words = host == .swift ? "msl" : "wgsl"
            #expect("\(error)".contains("--language") && "\(error)".contains(words), "\(error)")
          }
        }
      }
    }
  }

  @Test(
    "Chromium draws through a host: sRGB in and out, upper row first, with alpha of every kind",
    .enabled(
      if: HostRun.Interface.allCases.allSatisfy { HostRun(interface: $0).missing == nil },
      "needs a browser with WebGL 2 and WebGPU: chromium"))
  func canvas() throws {
    var random = SeededGenerator(seed: 651)
    // No weights below 0: else coverage could come near 0.
    var filter = magnitudes(SparseFilter(chain: random.chain(.bilinear, layout: [5, 3], reach: 4)))
    filter.gain =
      1 / filter.chain.layers.reduce(1) { product, layer in product * layer.taps.reduce(0) { $0 + $1.weight } }
    let (width, height) = (23, 17)
    let alphas = [ShaderOptions.Alpha.none, .straight, .premultiplied]
    let images = alphas.map { alpha in
      (0..<4 * width * height).map { index -> UInt8 in
        index % 4 < 3
          ? .random(in: 0...255, using: &random) : alpha == .none ? 255 : .random(in: 128...255, using: &random)
      }
    }
    let tasks = try zip(alphas, images).map { alpha, codes in
      var options = ShaderOptions()
      (options.alpha, options.format, options.sampling) = (alpha, .float, .fetch)
      let job = MetalRun.Job(
        label: "canvas, \(alpha)", program: try ShaderProgram(filter, options: options),
        stage: alpha == .straight ? .fragment : .compute, width: width, height: height, image: [])
      // Another canvas holds colors multiplied by alpha, which rounds them: it is for opaque ones.
      return HostRun.Task(job: job, kind: alpha == .none ? .canvas : .picture, image: Data(codes))
    }
    for interface in HostRun.Interface.allCases {
      let results = try HostRun(interface: interface).results(tasks)
      for (number, alpha) in alphas.enumerated() {
        let expected = try Self.codes(filter, images[number], alpha, width, height)
        // A code, and where there is alpha, what colors multiplied by it, of half a code each, lose by a coverage of a half.
        let tolerance = alpha == .none ? 1 : 3
        try #require(results[number].count == expected.count)
        let worst = zip(results[number], expected).map { abs(Int($0) - $1) }.max() ?? 0
        #expect(worst <= tolerance, "\(interface), \(alpha): \(worst) codes")
      }
    }
  }

  /// What the engine makes of codes of sRGB.
  private static func codes(
    _ filter: SparseFilter, _ codes: [UInt8], _ alpha: ShaderOptions.Alpha, _ width: Int, _ height: Int
  ) throws -> [Int] {
    // IEC 61966-2-1.
    func light(_ code: Double) -> Double { code <= 0.04045 ? code / 12.92 : pow((code + 0.055) / 1.055, 2.4) }
    func code(_ light: Double) -> Double {
      light <= 0.0031308 ? 12.92 * light : 1.055 * pow(light, 1 / 2.4) - 0.055
    }
    let planes = try (0..<4).map { channel in
      try Plane(
        width: width, height: height,
        values: stride(from: 0, to: codes.count, by: 4).map { place in
          let coverage = Double(codes[place + 3]) / 255
          let value = channel < 3 ? light(Double(codes[place + channel]) / 255) : coverage
          return Float(channel < 3 && alpha == .premultiplied ? value * coverage : value)
        })
    }
    let image = try Image(
      planes: planes, alphaIndex: alpha == .none ? nil : 3, alphaIsAssociated: alpha == .premultiplied)
    let result = try ApplyPlan(filter, width: width).apply(to: image, options: ApplyOptions(border: .clamp))
    return (0..<width * height).flatMap { index -> [Int] in
      let texel = result.planes.map { Double($0.values[index]) }
      let coverage = alpha == .none ? 1 : min(max(texel[3], 0), 1)
      let colors = texel.prefix(3).map { code(min(max(alpha == .premultiplied ? $0 / coverage : $0, 0), 1)) }
      return (colors + [coverage]).map { Int((255 * $0).rounded()) }
    }
  }

  @Test(
    "Chromium's hosts refuse bad input by an error of their own, which says what would be right",
    .enabled(
      if: HostRun.Interface.allCases.allSatisfy { HostRun(interface: $0).missing == nil },
      "needs a browser with WebGL 2 and WebGPU: chromium"))
  func refusals() throws {
    let one = SparseFilter(chain: TapChain(model: .bilinear, layers: [TapLayer([Tap(x: 0.5, y: 0, weight: 1)])]))
    let basis = FilterBasis(
      interpolation: .offsets, axes: [KnotAxis(name: "r", knots: [0, 1])], filters: [one, one])
    for interface in HostRun.Interface.allCases {
      let job = MetalRun.Job(
        label: "refusals", program: try ShaderProgram(basis), stage: .fragment, width: 5, height: 3, image: [])
      let result = try #require(
        HostRun(interface: interface).results(
          [HostRun.Task(job: job, kind: .refusals, image: Data())]
        ).first)
      let lines = String(decoding: result, as: UTF8.self).split(separator: "\n").map(String.init)
      let words = [
        "fewtap.shader 2", "glsl", "0x3", "100000", "missing", "coordinates", "setParameters", "7 parameters: 60",
        "7 numbers: 60", "6x3, not 5x3",
      ]
      try #require(lines.count == words.count, "\(lines)")
      for (line, word) in zip(lines, words) {
        #expect(line.hasPrefix("true ") && line.contains(word), "\(interface): \(line)")
      }
    }
  }

  @Test(
    "the WebGL 2 host runs inside a page of one file, which fetches nothing",
    .enabled(if: HostRun(interface: .webGL2).missing == nil, "needs a browser with WebGL 2: chromium"))
  func inlined() throws {
    let move = SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: 1, y: 0, weight: 0.5)])]))
    let files = try ShaderFiles(ShaderProgram(move), language: .essl, stage: .fragment, host: .js)
    func text(_ file: ShaderFile) -> String { String(decoding: file.bytes, as: UTF8.self) }
    let texts = Dictionary(uniqueKeysWithValues: files.all.map { ($0.name, text($0)) })
    let program = try #require(texts["passes.json"])
    let shaders = String(
      decoding: try JSONEncoder().encode(texts.filter { $0.key.hasSuffix(".es.frag") || $0.key.hasSuffix(".es.vert") }),
      as: UTF8.self)
    let page = """
      <!doctype html>
      <body></body>
      <script type="module">
      \(text(files.host[0]))
      const gl = document.createElement("canvas").getContext("webgl2");
      const filter = new FewtapFilter(gl, { program: \(program), files: \(shaders) }, 2, 1);
      document.body.textContent = Array.from(filter.pixels(new Float32Array([2, 4, 6, 8, 0, 0, 0, 0]))).join(" ");
      </script>
      """
    // The image's left texel at half its value, and what the edge repeats of it.
    #expect(try HostRun.open(page).contains("<body>1 2 3 4 1 2 3 4</body>"))
  }

  #if os(Linux)
  @Test(
    "the Metal host compiles, and gives what the reference gives, over a stand-in for Metal: no device of Apple's ran it",
    .enabled(if: MetalHostRun().missing == nil, "needs swiftc and clang++"))
  func metal() throws {
    // Some of each kind: every library is compiled by clang.
    let all = try FilterConformanceTests.cases() + BasisConformanceTests.cases()
    let cases = all.enumerated().filter { [0, 4].contains($0.offset % 11) }.map(\.element)
    try FilterConformanceTests.expectConformance(cases, by: MetalHostRun())
  }
  #endif
}
