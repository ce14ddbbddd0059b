import FewtapCore

/// Turns planes of light into rows of interleaved samples as a plan stores them, and counts what had to be clipped.
struct SampleEncoder {
  private let image: Image
  private let plan: OutputPlan
  private let colors: CodeEncoder?
  private let alphas: CodeEncoder?
  /// Samples beyond the type's range so far.
  private(set) var clipped = 0
  /// Pixels with light but zero alpha, where alpha is to be straight, so far.
  private(set) var lightWithoutAlpha = 0

  init(_ image: Image, _ plan: OutputPlan) {
    self.image = image
    self.plan = plan
    colors = plan.type.maximumCode.map { CodeEncoder(transfer: plan.transfer, maximumCode: $0) }
    alphas = plan.type.maximumCode.map { CodeEncoder(transfer: .linear, maximumCode: $0) }
  }

  /// Rows `range`, interleaved.
  mutating func encode(rows range: Range<Int>) -> SampleBand {
    let step = plan.planes.count
    let pixels = range.lowerBound * image.width..<range.upperBound * image.width
    let unlit = pixelsWithLightOnly(pixels)
    lightWithoutAlpha += unlit
    switch plan.type {
    case .uint8:
      var codes = [UInt8](repeating: 0, count: pixels.count * step)
      fill(&codes, pixels) { UInt8(truncatingIfNeeded: $0) }
      return .codes8(codes)
    case .uint16:
      var codes = [UInt16](repeating: 0, count: pixels.count * step)
      fill(&codes, pixels) { UInt16(truncatingIfNeeded: $0) }
      return .codes16(codes)
    case .half, .float:
      return .floats(floats(pixels))
    }
  }

  private mutating func fill<Code>(_ codes: inout [Code], _ pixels: Range<Int>, _ convert: (Int) -> Code) {
    let step = plan.planes.count
    var beyond = 0
    for (channel, plane) in plan.planes.enumerated() {
      guard let encoder = plane == image.alphaIndex ? alphas : colors else { return }
      let line = associate(plane, pixels)
      line.withUnsafeBufferPointer { line in
        codes.withUnsafeMutableBufferPointer { codes in
          for index in line.indices {
            if encoder.clips(line[index]) { beyond += 1 }
            codes[index * step + channel] = convert(encoder.code(line[index]))
          }
        }
      }
    }
    clipped += beyond
  }

  private mutating func floats(_ pixels: Range<Int>) -> [Float] {
    let step = plan.planes.count
    var values = [Float](repeating: 0, count: pixels.count * step)
    for (channel, plane) in plan.planes.enumerated() {
      var line = Array(associate(plane, pixels))
      if plan.transfer != .linear, plane != image.alphaIndex {
        for index in line.indices { line[index] = Float(plan.transfer.encode(Double(line[index]))) }
      }
      if plan.type == .half { clipToHalf(&line) }
      values.withUnsafeMutableBufferPointer { values in
        for index in line.indices { values[index * step + channel] = line[index] }
      }
    }
    return values
  }

  private mutating func clipToHalf(_ line: inout [Float]) {
    // binary16's largest finite value; from half a step above it on, rounding would make infinity.
    let limit: Float = 65504
    for index in line.indices where line[index].isFinite && abs(line[index]) > limit {
      line[index] = line[index] < 0 ? -limit : limit
      clipped += 1
    }
  }

  /// A plane's light with alpha as the file wants it; a slice of the plane itself where nothing changes.
  private func associate(_ plane: Int, _ pixels: Range<Int>) -> ArraySlice<Float> {
    let values = image.planes[plane].values[pixels]
    guard let alphaIndex = image.alphaIndex, plane != alphaIndex, plan.alphaIsAssociated != image.alphaIsAssociated
    else { return values }
    let alphas = image.planes[alphaIndex].values[pixels]
    if plan.alphaIsAssociated { return zip(values, alphas).map { $0 * $1 }[...] }
    return zip(values, alphas).map { $1 == 0 ? $0 : $0 / $1 }[...]
  }

  private func pixelsWithLightOnly(_ pixels: Range<Int>) -> Int {
    guard let alphaIndex = image.alphaIndex, image.alphaIsAssociated, !plan.alphaIsAssociated else { return 0 }
    return pixels.count { pixel in
      image.planes[alphaIndex].values[pixel] == 0
        && image.planes.indices.contains { $0 != alphaIndex && image.planes[$0].values[pixel] != 0 }
    }
  }
}
