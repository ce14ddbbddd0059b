import FewtapCore
import FewtapShaders
import TestSupport
import Testing

/// What cannot leave as shader text.
@Suite("Shader errors")
struct ShaderErrorTests {
  private static func filter(_ taps: [Tap], gain: Double = 1) -> SparseFilter {
    SparseFilter(chain: TapChain(model: .bilinear, layers: [TapLayer(taps)]), gain: gain)
  }

  private static let one = filter([Tap(x: 0, y: 0, weight: 1)])

  private static func error(_ filter: SparseFilter, _ change: (inout ShaderOptions) -> Void) -> ShaderError? {
    var options = ShaderOptions()
    change(&options)
    do {
      let program = try ShaderProgram(filter, options: options)
      if options.usesTile { try program.checkTile() }
      return nil
    } catch { return error }
  }

  @Test("prefixes that cannot start a name", arguments: ["", "9a", "_a", "a b", "a__b", "gl_a", "é", "a\n", "a;"])
  func prefix(prefix: String) {
    #expect(Self.error(Self.one) { $0.prefix = prefix } == .prefix(prefix))
  }

  @Test("numbers that are none, or that Float does not hold")
  func numbers() {
    #expect(Self.error(Self.one) { $0.border = .constant(.infinity) } == .border(.infinity))
    guard case .filter = Self.error(Self.filter([Tap(x: 0, y: 0, weight: .nan)]), { _ in }) else {
      Issue.record("a weight that is no number was taken")
      return
    }
    guard case .number(_, 1e40) = Self.error(Self.filter([Tap(x: 0, y: 0, weight: 1e20)], gain: 1e20), { _ in })
    else {
      Issue.record("a weight beyond Float was taken")
      return
    }
  }

  @Test("more taps than constants may have, told with the limit; a texture takes them")
  func taps() {
    let many = Self.filter((0..<4097).map { Tap(x: Double($0 % 64), y: Double($0 / 64), weight: 1e-3) })
    for constants in [ShaderOptions.Constants.table, .unrolled] {
      let error = Self.error(many) { ($0.constants, $0.pairing) = (constants, .never) }
      #expect(error == .taps(pass: "layer1", count: 4097, limit: 4096))
      #expect(error.map { "\($0)".contains("4096") } == true)
    }
    #expect(Self.error(many) { ($0.constants, $0.pairing) = (.texture, .never) } == nil)
    // Two at once they are few enough.
    #expect(Self.error(many) { $0.constants = .table } == nil)
    #expect(Self.error(many) { _ in } == nil)
  }

  @Test("weights that cancel under a normalized border, and sums that differ under alpha")
  func sums() {
    let edge = Self.filter([Tap(x: 0, y: 0, weight: 1), Tap(x: 1, y: 0, weight: -1)])
    #expect(Self.error(edge) { $0.border = .normalized } == .zeroSumNormalized(sum: 0))
    let axis = KnotAxis(name: "r", knots: [0, 1])
    var options = ShaderOptions()
    options.alpha = .straight
    let basis = FilterBasis(
      interpolation: .offsets, axes: [axis], filters: [Self.one, Self.filter([Tap(x: 0, y: 0, weight: 2)])])
    #expect(throws: ShaderError.sumsDiffer([1, 2])) { try ShaderProgram(basis, options: options) }
    (options.alpha, options.border) = (.none, .normalized)
    #expect(throws: ShaderError.sumsDiffer([1, 2])) { try ShaderProgram(basis, options: options) }
    options.border = .clamp
    options.constants = .table
    #expect(throws: ShaderError.constants(.table)) { try ShaderProgram(basis, options: options) }
  }

  @Test("a tile that no pass can share is refused, with what is in the way")
  func tiles() throws {
    let far = Self.filter([Tap(x: -20, y: -20, weight: 0.5), Tap(x: 20, y: 20, weight: 0.5)])
    // Whole offsets are fetched: 8 + 40 texels a side.
    #expect(Self.error(far) { $0.usesTile = true } == .tile(pass: "layer1", texels: 48 * 48, limit: 1024))
    let between = Self.filter([Tap(x: 0.5, y: 0, weight: 0.5), Tap(x: -1, y: 0, weight: 0.5)])
    #expect(Self.error(between) { $0.usesTile = true } == .tile(pass: nil, texels: nil, limit: 1024))
    #expect(Self.error(between) { ($0.usesTile, $0.sampling) = (true, .fetch) } == nil)
    #expect(Self.error(Self.one) { $0.usesTile = true } == .tile(pass: nil, texels: nil, limit: 1024))
  }

  @Test("compute text names the format of the texture that it writes: coordinates need floats, whatever pixels have")
  func formats() throws {
    let axis = KnotAxis(name: "r", knots: [0, 1])
    let basis = FilterBasis(interpolation: .offsets, axes: [axis], filters: [Self.one, Self.one])
    let program = try ShaderProgram(basis)
    for pass in program.passes {
      let format = try #require(program.texture(pass.output)?.format)
      #expect(format == (pass.name == "coordinates" ? .float : .half))
      for language in [ShaderLanguage.glsl, .essl] {
        #expect(program.text(of: pass, in: language, .compute).contains("binding = 0, \(format.rawValue))"))
      }
      #expect(program.text(of: pass, in: .wgsl, .compute).contains("<\(format.rawValue)loat, write>"))
    }
  }

  @Test("the same program gives the same text, and every number in it reads back")
  func determinism() throws {
    var random = SeededGenerator(seed: 641)
    let filter = SparseFilter(chain: random.chain(.bilinear, layout: [40, 5], reach: 9), rate: Resampling(factor: 4))
    for language in ShaderLanguage.allCases {
      for stage in ShaderStage.allCases {
        let texts = try (0..<2).map { _ in try ShaderProgram(filter).text(in: language, stage) }
        #expect(texts[0] == texts[1])
        for tap in filter.chain.layers[1].taps { #expect(texts[0].contains(Float(tap.weight).description)) }
        #expect(!texts[0].contains("nan") && !texts[0].contains("inf,"))
      }
    }
  }
}
