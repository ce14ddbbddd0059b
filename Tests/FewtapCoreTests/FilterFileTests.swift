import FewtapCore
import Foundation
import TestSupport
import Testing

/// A filter with every field, and numbers that a careless writer or reader would change.
func awkwardFilter() -> SparseFilter {
  let weights: [Double] = [
    0.1, -0.0, 0, 1e300, -1e300, .leastNonzeroMagnitude, -.leastNormalMagnitude, .leastNormalMagnitude.nextDown,
    1.0.nextUp, 1 / 3.0, 123_456_789_012_345_680, 1e15, 1e15 - 1, 1e-5, 0.1 + 0.2,
  ]
  let taps = weights.enumerated().map { Tap(x: Double($0.offset) * 0.1 - 0.7, y: -0.0, weight: $0.element) }
  return SparseFilter(
    chain: TapChain(model: .bilinear, layers: [TapLayer(taps), TapLayer([Tap(x: 4100, y: -4100, weight: 0.5)])]),
    rate: Resampling(factor: 5, prefilter: .linear, interpolator: .cubic), gain: 0.1 + 0.7,
    kernel: KernelReference(
      name: "a \"quoted\" \\ name\n\t\r\u{1}\u{1F}\u{7F}é\u{2028}😀", width: 49, height: 31,
      center: PixelOffset(x: 24, y: -3), sha256: "ab12"),
    fit: FitRecord(
      objective: "photo", recipe: "fewtap", effort: "normal", seed: .max, relativeError: 0.12, photoPSNR: 72.1,
      worstPhotoPSNR: 65.25, noiseGain: 1.3, termination: "completed", flicker: 0.0625))
}

func bits(_ filter: SparseFilter) -> [UInt64] {
  [filter.gain.bitPattern]
    + filter.chain.layers.flatMap { $0.taps.flatMap { [$0.x.bitPattern, $0.y.bitPattern, $0.weight.bitPattern] } }
}

@Suite("The filter file: round trip")
struct FilterFileTests {
  @Test("awkward numbers and names come back bit for bit")
  func awkward() throws {
    let filter = awkwardFilter()
    let read = try SparseFilter(json: filter.json())
    #expect(read == filter)
    #expect(bits(read) == bits(filter))
    #expect(try read.json() == filter.json())
  }

  @Test("what a terminal would obey is escaped, and only that")
  func controls() throws {
    for value in UInt32(0)...0xFFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let text = quoted(String(scalar))
      #expect(try JSONDecoder().decode(String.self, from: Data(text.utf8)).unicodeScalars.elementsEqual([scalar]))
      let isObeyed =
        scalar.properties.generalCategory == .control || (0x202A...0x202E).contains(value)
        || (0x2066...0x2069).contains(value)
      #expect(text.unicodeScalars.contains(scalar) != isObeyed || "\"\\".unicodeScalars.contains(scalar), "\(value)")
    }
  }

  @Test("random bit patterns come back", arguments: 1...20)
  func random(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let taps = (0..<200).map { _ in
      // Any exponent but the largest few, whose sums could overflow.
      let weight = Double(bitPattern: random.next())
      return Tap(
        x: random.uniform(-4100, 4100), y: random.uniform(-4100, 4100),
        weight: weight.isFinite && abs(weight) < 1e300 ? weight : 1)
    }
    let filter = SparseFilter(chain: TapChain(model: .bilinear, layers: [TapLayer(taps)]))
    let read = try SparseFilter(json: filter.json())
    #expect(bits(read) == bits(filter), "seed \(seed)")
  }

  @Test("kernel and fit may be absent, a kernel's hash too")
  func optionalParts() throws {
    var filter = SparseFilter(chain: TapChain(model: .integer, layers: [TapLayer([Tap(x: 1, y: 2, weight: 1)])]))
    #expect(try SparseFilter(json: filter.json()) == filter)
    filter.kernel = KernelReference(name: "k", width: 3, height: 5, center: PixelOffset(x: 1, y: 2), sha256: nil)
    #expect(try SparseFilter(json: filter.json()) == filter)
  }

  @Test("what breaks the invariants is not written", arguments: [Double.nan, .infinity])
  func notWritten(value: Double) {
    var filter = awkwardFilter()
    filter.chain.layers[0].taps[3].weight = value
    #expect(throws: FilterError.self) { try filter.json() }
    filter = awkwardFilter()
    filter.chain.layers[1].taps[0].y = value
    #expect(throws: FilterError.self) { try filter.json() }
  }

  @Test("a fit's or kernel's numbers that JSON cannot hold, or a reader would refuse, are not written either")
  func provenanceNotWritten() {
    var filter = awkwardFilter()
    filter.fit?.photoPSNR = -.infinity
    #expect(throws: FilterError.self) { try filter.json() }
    filter = awkwardFilter()
    filter.fit?.relativeError = .nan
    #expect(throws: FilterError.self) { try filter.json() }
    filter = awkwardFilter()
    filter.fit?.flicker = .infinity
    #expect(throws: FilterError.self) { try filter.json() }
    filter = awkwardFilter()
    filter.kernel?.width = 0
    #expect(throws: FilterError.self) { try filter.json() }
  }
}

@Suite("The filter file: what is refused")
struct FilterFileErrorTests {
  static let valid = """
    {"format": "fewtap.filter", "version": 1, "taps": "integer", "gain": 1.5,
     "layers": [[[0, 0, 0.5], [1, -2, 0.5]], [[3, 4, 1]]],
     "kernel": {"name": "k", "width": 49, "height": 49, "center": [24, 24], "sha256": "00"},
     "fit": {"objective": "photo", "recipe": "fewtap", "effort": "normal", "seed": 1, "relativeError": 0.1,
       "photoPSNR": 70, "worstPhotoPSNR": 60, "noiseGain": 1.2, "termination": "completed"}}
    """

  /// What to replace in the valid file, by what, and the path that the error must name.
  static let malformed: [(String, String, String)] = [
    ("\"format\": \"fewtap.filter\", ", "", "format"),
    ("\"fewtap.filter\"", "\"fewtap.basis\"", "format"),
    ("\"fewtap.filter\"", "7", "format"),
    ("\"fewtap.filter\"", "null", "format"),
    ("\"version\": 1, ", "", "version"),
    ("\"version\": 1", "\"version\": 2", "version"),
    ("\"version\": 1", "\"version\": \"1\"", "version"),
    ("\"version\": 1", "\"version\": 1.5", "version"),
    ("\"version\": 1", "\"version\": 99999999999999999999", "version"),
    ("\"gain\"", "\"rate\": 4, \"gain\"", "rate"),
    ("\"gain\"", "\"rate\": {\"factor\": 4}, \"gain\"", "rate.prefilter"),
    ("\"taps\": \"integer\", ", "", "taps"),
    ("\"integer\"", "\"cubic\"", "taps"),
    ("\"integer\"", "3", "taps"),
    ("\"gain\": 1.5,", "", "gain"),
    ("1.5", "\"1.5\"", "gain"),
    ("1.5", "null", "gain"),
    ("1.5", "true", "gain"),
    ("1.5", "1e999", "gain"),
    ("1.5", "NaN", ""),
    ("[[[0, 0, 0.5], [1, -2, 0.5]], [[3, 4, 1]]]", "[]", "layers"),
    ("[[[0, 0, 0.5], [1, -2, 0.5]], [[3, 4, 1]]]", "{}", "layers"),
    ("[[[0, 0, 0.5], [1, -2, 0.5]], [[3, 4, 1]]]", "7", "layers"),
    ("[[3, 4, 1]]", "[]", "layers[1]"),
    ("[[3, 4, 1]]", "null", "layers[1]"),
    ("[3, 4, 1]", "[3, 4]", "layers[1][0][2]"),
    ("[3, 4, 1]", "[]", "layers[1][0][0]"),
    ("[3, 4, 1]", "[3, 4, 1, 5]", "layers[1][0]"),
    ("[3, 4, 1]", "5", "layers[1][0]"),
    ("[3, 4, 1]", "[3, 4, \"1\"]", "layers[1][0][2]"),
    ("[3, 4, 1]", "[3, null, 1]", "layers[1][0][1]"),
    ("[1, -2, 0.5]", "[1, -2, 1e999]", "layers[0][1][2]"),
    ("[1, -2, 0.5]", "[1.5, -2, 0.5]", "layers[0][1][0]"),
    ("[1, -2, 0.5]", "[1, 4101, 0.5]", "layers[0][1][1]"),
    ("[1, -2, 0.5]", "[-1e300, -2, 0.5]", "layers[0][1][0]"),
    ("\"name\": \"k\", ", "", "kernel.name"),
    ("\"width\": 49", "\"width\": 0", "kernel.width"),
    ("\"width\": 49", "\"width\": 1026", "kernel.width"),
    ("\"height\": 49", "\"height\": 4.5", "kernel.height"),
    ("[24, 24]", "[24]", "kernel.center"),
    ("[24, 24]", "[24, \"a\"]", "kernel.center[1]"),
    ("\"00\"", "0", "kernel.sha256"),
    ("\"seed\": 1", "\"seed\": -1", "fit.seed"),
    ("\"seed\": 1, ", "", "fit.seed"),
    ("\"photoPSNR\": 70", "\"photoPSNR\": []", "fit.photoPSNR"),
    ("\"photoPSNR\": 70, ", "", "fit.photoPSNR"),
    ("\"noiseGain\": 1.2", "\"noiseGain\": 1e999", "fit.noiseGain"),
    ("\"noiseGain\": 1.2", "\"noiseGain\": null", "fit.noiseGain"),
    ("\"termination\": \"completed\"", "\"termination\": 1", "fit.termination"),
  ]

  @Test("the valid file is read")
  func validFile() throws {
    let filter = try SparseFilter(json: Data(Self.valid.utf8))
    #expect(filter.chain.layout == [2, 1] && filter.gain == 1.5 && filter.fit?.seed == 1)
  }

  @Test("every malformed value is named by its path", arguments: malformed)
  func malformedValues(replaced: String, replacement: String, path: String) throws {
    let text = Self.valid.replacingOccurrences(of: replaced, with: replacement)
    #expect(text != Self.valid)
    let error = try #require(throws: FilterError.self) { try SparseFilter(json: Data(text.utf8)) }
    #expect(error.path == path, "\(error)")
    #expect(!error.problem.isEmpty && !error.expected.isEmpty)
  }

  @Test(
    "files that are no JSON objects",
    arguments: [
      "", " \n\t", "[", "{", "null", "true", "7", "\"fewtap\"", "[]", "[1, 2]", "{}", "{\"a\"", "\u{0}", "\u{FEFF}",
    ])
  func notObjects(text: String) {
    #expect(throws: FilterError.self) { try SparseFilter(json: Data(text.utf8)) }
  }

  @Test("binary garbage")
  func garbage() {
    var random = SeededGenerator(seed: 61)
    for length in [1, 2, 3, 17, 4096] {
      let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      #expect(throws: FilterError.self) { try SparseFilter(json: Data(bytes)) }
    }
  }

  @Test("brackets, deep and many")
  func brackets() {
    for (open, count) in [
      ("[", 600), ("[", 1_000_000), ("{\"a\":", 1_000_000),
    ] {
      let data = Data(repeatElement(Array(open.utf8), count: count).joined())
      #expect(throws: FilterError.self) { try SparseFilter(json: data) }
    }
    let nested = String(repeating: "[", count: 400) + String(repeating: "]", count: 400)
    let layers = Self.valid.replacingOccurrences(of: "[[3, 4, 1]]", with: nested)
    #expect(throws: FilterError.self) { try SparseFilter(json: Data(layers.utf8)) }
  }

  @Test("a file of a hundred million brackets is refused by its size")
  func tooLong() throws {
    let error = try #require(throws: FilterError.self) {
      try SparseFilter(json: Data(repeating: UInt8(ascii: "["), count: 100_000_000))
    }
    #expect(error.problem == "is 100000000 bytes long")
  }

  @Test("truncated at every byte")
  func truncated() {
    let bytes = Array(Self.valid.utf8)
    for length in 0..<bytes.count {
      #expect(throws: FilterError.self, "\(length) bytes") { try SparseFilter(json: Data(bytes[..<length])) }
    }
  }

  @Test("mutations give a filter or an error, never a trap", arguments: 1...8)
  func mutations(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let valid = Array(Self.valid.utf8)
    let pieces = [
      "1e999", "-", "null", "[", "]", "{", "}", ",", "\"", "9999999999999999999", "0.5", "e", "\\u", "\u{0}",
    ]
    var accepted = 0
    for _ in 0..<500 {
      var bytes = valid
      for _ in 0...random.index(4) {
        let position = random.index(bytes.count)
        switch random.index(4) {
        case 0: bytes[position] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.remove(at: position)
        case 2: bytes.insert(contentsOf: pieces[random.index(pieces.count)].utf8, at: position)
        default: bytes.replaceSubrange(position..<min(position + random.index(12), bytes.count), with: [])
        }
      }
      do {
        let filter = try SparseFilter(json: Data(bytes))
        try filter.checkInvariants()
        // What was read can be used and written.
        _ = (filter.chain.bounds, filter.chain.multiplyAddCount, filter.chain.normalForm())
        #expect(try SparseFilter(json: filter.json()) == filter, "seed \(seed)")
        accepted += 1
      } catch {
        #expect(!error.description.isEmpty)
      }
    }
    // Changed digits and names leave many files valid: else this would only test the JSON parser.
    #expect(accepted > 0)
  }
}

@Suite("Filter invariants")
struct FilterInvariantTests {
  static let tap = Tap(x: 0, y: 0, weight: 1)

  static func filter(_ layers: [[Tap]], gain: Double = 1) -> SparseFilter {
    SparseFilter(chain: TapChain(model: .integer, layers: layers.map { TapLayer($0) }), gain: gain)
  }

  @Test(
    "each rule names its place",
    arguments: [
      (filter([[tap]], gain: .infinity), "gain"), (filter([]), "layers"),
      (filter(Array(repeating: [tap], count: SparseFilter.maximumLayerCount + 1)), "layers"),
      (filter([[tap], []]), "layers[1]"), (filter([[tap, Tap(x: .nan, y: 0, weight: 1)]]), "layers[0][1][0]"),
      (filter([[Tap(x: 0, y: .infinity, weight: 1)]]), "layers[0][0][1]"),
      (filter([[Tap(x: 0, y: 4101, weight: 1)]]), "layers[0][0][1]"),
      (filter([[Tap(x: 0, y: 0, weight: .nan)]]), "layers[0][0][2]"),
      (filter([[Tap(x: 0, y: 0, weight: 1e200)], [Tap(x: 0, y: 0, weight: 1e200)]]), "layers"),
    ])
  func rules(filter: SparseFilter, path: String) throws {
    let error = try #require(throws: FilterError.self) { try filter.checkInvariants() }
    #expect(error.path == path)
    #expect(error.description.contains("expected"))
  }

  @Test("a factor outside its range is named", arguments: [Int.min, -4, 0, 1, 65, .max])
  func factor(_ factor: Int) throws {
    var filter = Self.filter([[Self.tap]])
    filter.rate = Resampling(factor: factor)
    let error = try #require(throws: FilterError.self) { try filter.checkInvariants() }
    #expect(error.path == "rate.factor")
  }

  @Test("the largest offset is allowed")
  func largestOffset() throws {
    try Self.filter([[Tap(x: SparseFilter.maximumOffset, y: -SparseFilter.maximumOffset, weight: 1)]]).checkInvariants()
  }
}
