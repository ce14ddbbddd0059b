import Fewtap
import FewtapReport
import Foundation

/// An image in memory of its own, and a filter that runs over it again and again.
struct PlaneBench {
  /// What samples are stored as.
  enum Samples: String, CaseIterable {
    /// Planar floats, linear light.
    case float
    /// Interleaved bytes, sRGB.
    case uint8
  }

  let width: Int
  let height: Int
  let channels: Int
  let samples: Samples
  private let layout: PixelLayout
  private let input: [UInt8]

  /// Noise of a fixed seed.
  init(width: Int, height: Int, channels: Int, samples: Samples) {
    (self.width, self.height, self.channels, self.samples) = (width, height, channels, samples)
    var random = SeededGenerator(seed: 1)
    let count = width * height * channels
    switch samples {
    case .float:
      layout = .planar(type: .float, transfer: .linear, width: width, height: height, channels: channels)
      let values = (0..<count).map { _ in Float(random.unit()) }
      input = values.withUnsafeBytes { Array($0) }
    case .uint8:
      layout = .interleaved(type: .uint8, transfer: .srgb, width: width, channels: channels)
      input = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
  }

  var megapixels: Double { 1e-6 * Double(width * height) }

  /// The stored image.
  var image: [UInt8] { input }

  /// Milliseconds of each run of each plan, in rounds: what disturbs the machine disturbs all alike.
  func milliseconds(
    _ plans: [ApplyPlan], threads: Int, rounds: Int, clock: Timing.Clock, round: (Int) throws -> Void = { _ in }
  ) throws -> [Timing] {
    var times = [[Double]](repeating: [], count: plans.count)
    var output = [UInt8](repeating: 0, count: input.count)
    for index in 0...rounds {
      try round(index)
      for (plan, slot) in zip(plans, plans.indices) {
        let time = try clock.time { try apply(plan, into: &output, threads: threads) }
        // The first round warms caches and the processor's clock up.
        if index > 0 { times[slot].append(time) }
      }
    }
    return times.map { Timing($0) }
  }

  /// Filters the image once.
  func apply(_ plan: ApplyPlan, into output: inout [UInt8], threads: Int) throws {
    try input.withUnsafeBytes { input in
      try output.withUnsafeMutableBytes { output in
        _ = try plan.apply(
          from: input, layout, to: output, layout, height: height, options: ApplyOptions(threads: threads))
      }
    }
  }
}
