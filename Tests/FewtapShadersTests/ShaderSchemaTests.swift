import FewtapCore
import FewtapShaders
import Foundation
import Testing

/// What is written for programs is what the published schema is held to (`Scripts/check-schema --self-test`).
@Suite("passes.json")
struct ShaderSchemaTests {
  @Test("an export is the sample of the schema's cases")
  func sample() throws {
    let cases = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/shader-cases.json")
    let fixture = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: cases)) as? [String: Any])
    let base = try #require(fixture["base"] as? NSDictionary)
    let half = TapChain(model: .bilinear, layers: [TapLayer([Tap(x: 0.5, y: 0, weight: 1)])])
    var options = ShaderOptions()
    (options.border, options.constants) = (.normalized, .texture)
    let program = try ShaderProgram(SparseFilter(chain: half), options: options)
    let files = try ShaderFiles(program, language: .glsl, stage: .fragment, isSingle: true).all
    let file = try #require(files.first { $0.name == "passes.json" })
    #expect(try JSONSerialization.jsonObject(with: Data(file.bytes)) as? NSDictionary == base)
  }

  @Test("names of a file's own tables and passes are those in the list")
  func names() throws {
    var options = ShaderOptions()
    options.constants = .texture
    let chain = TapChain(model: .integer, layers: [TapLayer([Tap(x: 3, y: -1, weight: 0.1)])])
    let files = try ShaderFiles(
      ShaderProgram(SparseFilter(chain: chain), options: options), language: .msl, stage: .compute)
    let table = try #require(files.all.first { $0.name == "layer1_taps.f32" })
    let floats = stride(from: 0, to: table.bytes.count, by: 4).map { start in
      Float(bitPattern: table.bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }
    // It reads at p - o.
    #expect(floats == [-3, 1, 0.1, 0])
    #expect(files.all.map(\.name) == ["01_layer1.comp.metal", "layer1_taps.f32", "passes.json", "README.txt"])
  }
}
