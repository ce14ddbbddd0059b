import FewtapCore

/// Rows of linear light: where each channel begins, and how far its samples lie apart.
struct LightRows {
  let channels: [UnsafePointer<Float>]
  let step: Int
  let pixelCount: Int
}

/// Turns light into interleaved samples as a plan stores them, and counts what had to be clipped. Halves stay floats.
struct SampleEncoder {
  private let plan: OutputPlan
  private let alphaIndex: Int?
  private let alphaIsAssociated: Bool
  private let colors: CodeTable?
  private let alphas: CodeTable?
  /// Some pixels of one channel.
  private var line = [Float](repeating: 0, count: 4096)
  /// Samples beyond the type's range so far.
  private(set) var clipped = 0
  /// Pixels with light but zero alpha, where alpha is to be straight, so far.
  private(set) var lightWithoutAlpha = 0

  /// An encoder of light whose alpha is as `light` says.
  init(_ light: SampleLayout, _ plan: OutputPlan) {
    self.plan = plan
    (alphaIndex, alphaIsAssociated) = (light.alphaIndex, light.alphaIsAssociated)
    colors = CodeTable.shared(plan.transfer, plan.type)
    alphas = CodeTable.shared(.linear, plan.type)
  }

  /// The type of the samples that ``encode(_:into:)`` makes.
  static func sampleType(_ stored: PixelType) -> PixelType { stored == .half ? .float : stored }

  /// Encodes pixels into `samples`, which has room for them.
  mutating func encode(_ light: LightRows, into samples: UnsafeMutableRawBufferPointer) {
    countLightOnly(light)
    let step = plan.planes.count
    for start in Swift.stride(from: 0, to: light.pixelCount, by: line.count) {
      let pixels = start..<min(start + line.count, light.pixelCount)
      for (channel, plane) in plan.planes.enumerated() {
        load(light, plane, pixels)
        let table = plane == alphaIndex ? alphas : colors
        switch plan.type {
        case .uint8:
          let codes = samples.bindMemory(to: UInt8.self)
          store(table, pixels) { codes[$0 * step + channel] = UInt8(truncatingIfNeeded: $1) }
        case .uint16:
          let codes = samples.bindMemory(to: UInt16.self)
          store(table, pixels) { codes[$0 * step + channel] = UInt16(truncatingIfNeeded: $1) }
        case .half, .float:
          let values = samples.bindMemory(to: Float.self)
          storeFloats(isCoded: plan.transfer != .linear && plane != alphaIndex, pixels) {
            values[$0 * step + channel] = $1
          }
        }
      }
    }
  }

  private mutating func store(_ table: CodeTable?, _ pixels: Range<Int>, _ store: (Int, Int) -> Void) {
    guard let table else { return }
    var beyond = 0
    line.withUnsafeBufferPointer { line in
      for index in 0..<pixels.count {
        if table.clips(line[index]) { beyond += 1 }
        store(pixels.lowerBound + index, table.code(line[index]))
      }
    }
    clipped += beyond
  }

  private mutating func storeFloats(isCoded: Bool, _ pixels: Range<Int>, _ store: (Int, Float) -> Void) {
    // binary16's largest finite value; from half a step above it on, rounding would make infinity.
    let limit: Float = plan.type == .half ? 65504 : .infinity
    var beyond = 0
    line.withUnsafeBufferPointer { line in
      for index in 0..<pixels.count {
        var value = line[index]
        if isCoded { value = Float(plan.transfer.encode(Double(value))) }
        if value.isFinite, abs(value) > limit {
          value = value < 0 ? -limit : limit
          beyond += 1
        }
        store(pixels.lowerBound + index, value)
      }
    }
    clipped += beyond
  }

  /// Copies a channel's light to the line, with alpha as the file wants it.
  private mutating func load(_ light: LightRows, _ plane: Int, _ pixels: Range<Int>) {
    let step = light.step
    let values = light.channels[plane] + pixels.lowerBound * step
    line.withUnsafeMutableBufferPointer { line in
      guard let alphaIndex, plane != alphaIndex, plan.alphaIsAssociated != alphaIsAssociated else {
        for index in 0..<pixels.count { line[index] = values[index * step] }
        return
      }
      let alphas = light.channels[alphaIndex] + pixels.lowerBound * step
      for index in 0..<pixels.count {
        let (value, alpha) = (values[index * step], alphas[index * step])
        line[index] = plan.alphaIsAssociated ? value * alpha : alpha == 0 ? value : value / alpha
      }
    }
  }

  private mutating func countLightOnly(_ light: LightRows) {
    guard let alphaIndex, alphaIsAssociated, !plan.alphaIsAssociated else { return }
    for pixel in 0..<light.pixelCount where light.channels[alphaIndex][pixel * light.step] == 0 {
      let isLit = light.channels.indices.contains {
        $0 != alphaIndex && light.channels[$0][pixel * light.step] != 0
      }
      if isLit { lightWithoutAlpha += 1 }
    }
  }
}
