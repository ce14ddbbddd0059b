import FewtapCore
import FewtapFit
import Foundation
import TestSupport
import Testing

@Suite("What filters cost")
struct CostModelTests {
  private func times(_ random: inout SeededGenerator) -> [CostModel.Part: Double] {
    let parts: [CostModel.Part] = [.copy, .resampling, .rowWeight, .columnWeight, .layer, .run1, .run2, .run3, .run4]
    return Dictionary(uniqueKeysWithValues: parts.map { ($0, random.uniform(0.01, 1)) })
  }

  @Test("measurements that a model explains give that model")
  func inversion() throws {
    var random = SeededGenerator(seed: 5)
    let model = try CostModel(target: .cpu, machine: "test", milliseconds: times(&random))
    let fitted = try CostModel(
      machine: "test", measurements: CostModel.probes.map { ($0, model.milliseconds($0)) })
    for (part, time) in model.milliseconds {
      let found = try #require(fitted.milliseconds[part])
      // Normal equations square the condition of the probes, which is below 1e4.
      #expect(abs(found - time) <= 1e8 * doubleRoundoff * time, "\(part)")
    }
  }

  @Test("a part that measurements make negative is left out")
  func nonnegative() throws {
    var random = SeededGenerator(seed: 6)
    let model = try CostModel(target: .cpu, machine: "test", milliseconds: times(&random))
    // Times that fall with the number of columns' weights.
    let measurements = CostModel.probes.map { probe in
      (filter: probe, milliseconds: model.milliseconds(probe) - 1.5 * (model.work(of: probe)[.columnWeight] ?? 0) + 2)
    }
    let fitted = try CostModel(machine: "test", measurements: measurements)
    #expect(fitted.milliseconds[.columnWeight] == 0)
    #expect(fitted.milliseconds.values.allSatisfy { $0 >= 0 })
  }

  @Test("too few measurements are refused")
  func tooFew() throws {
    let one = CostModel.probes[0]
    #expect(throws: CostModelError.tooFewMeasurements) { try CostModel(machine: "test", measurements: [(one, 1)]) }
  }

  @Test("work is counted in the pixels of the rate")
  func work() throws {
    let taps = (0..<4).map { Tap(x: 0, y: Double($0), weight: 0.25) } + [Tap(x: 3, y: 0, weight: 1)]
    let chain = TapChain(model: .integer, layers: [TapLayer(taps), TapLayer([Tap(x: 1, y: 0, weight: 1)])])
    let model = CostModel.builtIn(.cpu)
    let full = model.work(of: SparseFilter(chain: chain))
    #expect(full[.copy] == 1 && full[.layer] == 2 && full[.run4] == 1 && full[.run1] == 2 && full[.resampling] == nil)
    let low = model.work(of: SparseFilter(chain: chain, rate: Resampling(factor: 4, prefilter: .linear)))
    #expect(low[.resampling] == 1 && low[.copy] == nil && low[.run4] == 1.0 / 16 && low[.run1] == 2.0 / 16)
    // Two boxes of 4 have 7 weights, three 10.
    #expect(low[.rowWeight] == 17.0 / 4)
    let fetches = CostModel.builtIn(.gpu).work(of: SparseFilter(chain: chain))
    // Two of the four taps in a column are one fetch; a pass reads and writes 8 bytes a pixel.
    #expect(fetches[.fetch] == 4 && fetches[.pass] == 2 && fetches[.byte] == 32)
    let floats = CostModel.builtIn(.gpu).work(of: SparseFilter(chain: chain), format: .float)
    #expect(floats[.fetch] == 4 && floats[.byte] == 64)
  }

  @Test("only a graphics processor that nobody measured has no times to tell")
  func measured() throws {
    #expect(CostModel.builtIn(.cpu).isMeasured && !CostModel.builtIn(.gpu).isMeasured)
    let own = try CostModel(target: .gpu, machine: "mine", milliseconds: [.fetch: 0.001, .byte: 0.002, .pass: 0])
    #expect(own.isMeasured)
    #expect(throws: CostModelError.missing("milliseconds.byte")) {
      try CostModel(target: .gpu, machine: "mine", milliseconds: [.fetch: 0.001, .pass: 0])
    }
  }

  @Test("a file reads back bit for bit")
  func file() throws {
    var random = SeededGenerator(seed: 7)
    let model = try CostModel(target: .cpu, machine: "a \"quoted\" name", milliseconds: times(&random))
    #expect(try CostModel(json: model.json()) == model)
    #expect(try CostModel(json: CostModel.builtIn(.gpu).json()) == .builtIn(.gpu))
  }

  @Test("files that are none are refused, each for its own reason")
  func badFiles() throws {
    let good = String(decoding: try CostModel.builtIn(.cpu).json(), as: UTF8.self)
    func refused(_ text: String) -> CostModelError? {
      do {
        _ = try CostModel(json: Data(text.utf8))
        return nil
      } catch { return error }
    }
    func replaced(_ old: String, _ new: String) throws -> CostModelError? {
      try #require(good.contains(old), "\(old)")
      return refused(good.replacing(old, with: new))
    }
    #expect(refused(good) == nil)
    #expect(refused("") == .unreadable("it cannot be read as JSON"))
    #expect(refused("{") == .unreadable("it cannot be read as JSON"))
    #expect(
      refused(String(repeating: " ", count: CostModel.maximumFileSize + 1)) == .tooLong(CostModel.maximumFileSize + 1))
    #expect(refused("{}") == .missing("format"))
    #expect(try replaced("fewtap.cost-model", "fewtap.filter") == .badFormat("fewtap.filter"))
    #expect(try replaced("\"version\" : 1", "\"version\" : 2") == .badVersion(2))
    #expect(try replaced("\"cpu\"", "\"tpu\"") == .badTarget("tpu"))
    #expect(try replaced("\"run4\"", "\"run5\"") == .unknownPart("run5"))
    #expect(try replaced("\"run4\"", "\"fetch\"") == .missing("milliseconds.run4"))
    #expect(try replaced("\"copy\" : 0.25", "\"copy\" : -0.25") == .badTime(.copy, -0.25))
    if case .unreadable(let problem) = try replaced("\"copy\" : 0.25", "\"copy\" : \"fast\"") {
      #expect(problem.contains("milliseconds.copy"))
    } else {
      Issue.record("a word is no time")
    }
    #expect(throws: CostModelError.badTime(.copy, .infinity)) {
      var times = CostModel.builtIn(.cpu).milliseconds
      times[.copy] = .infinity
      _ = try CostModel(target: .cpu, machine: "", milliseconds: times)
    }
  }
}
