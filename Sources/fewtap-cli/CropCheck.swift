import Fewtap

/// Holds what the engine made of an image to the reference, on a crop from its middle.
struct CropCheck {
  let bench: PlaneBench
  let filter: SparseFilter

  /// Pixels along each axis of the crop.
  private static let side = 24

  /// Throws: ``Failure`` for the first sample of the crop that is further from the reference than rounding allows.
  func check(_ output: [UInt8], name: String) throws {
    let factor = filter.rate?.factor ?? 1
    let (columns, rows) = (inner(bench.width), inner(bench.height))
    // Low-rate pixels are counted from the image's corner.
    let (left, top) = (
      max(0, columns.lowerBound - margin) / factor * factor, max(0, rows.lowerBound - margin) / factor * factor
    )
    let (right, bottom) = (
      min(bench.width, columns.upperBound + margin), min(bench.height, rows.upperBound + margin)
    )
    let (input, result) = (bench.samples(of: bench.image), bench.samples(of: output))
    for channel in 0..<bench.channels {
      var crop = Plane<Double>(width: right - left, height: bottom - top)
      for y in top..<bottom { for x in left..<right { crop[x - left, y - top] = bench.light(input(x, y, channel)) } }
      let reference = try ReferenceApply.apply(filter, to: crop)
      for y in rows {
        for x in columns {
          let (found, light) = (result(x, y, channel), reference[x - left, y - top])
          guard bench.isStored(found, light: light, within: bound) else {
            throw Failure(
              "\(name): pixel (\(x), \(y)) of channel \(channel) is \(found) where the reference has \(light): a defect of fewtap, "
                + "please report it")
          }
        }
      }
    }
  }

  private func inner(_ length: Int) -> Range<Int> {
    let start = max(0, (length - Self.side) / 2)
    return start..<min(length, start + Self.side)
  }

  private var margin: Int { filter.bounds.reach + (filter.rate?.factor ?? 1) }

  /// `gamma_N prod sum|w|` for an image in 0...1, N the roundings on a path: an addition, a product and a stored weight for every
  /// weight.
  private var bound: Double {
    let weights = filter.chain.layers.reduce(0) { $0 + $1.mergedIntegerTaps().count + 3 }
    let resampling =
      filter.rate.map { 2 * ($0.prefilterWeights.values.count + $0.interpolatorWeights.values.count + 6) } ?? 0
    return Double(weights + resampling) * 0x1p-24 * filter.chain.noiseGain * abs(filter.gain)
  }
}

extension PlaneBench {
  /// The stored sample at a place, as a number.
  func samples(of bytes: [UInt8]) -> (_ x: Int, _ y: Int, _ channel: Int) -> Double {
    switch samples {
    case .float:
      return { x, y, channel in
        let index = (channel * height + y) * width + x
        return bytes.withUnsafeBytes { Double($0.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)) }
      }
    case .uint8: return { x, y, channel in Double(bytes[(y * width + x) * channels + channel]) }
    }
  }

  /// The light that a sample stands for.
  func light(_ sample: Double) -> Double {
    samples == .float ? sample : TransferFunction.srgb.decode(sample / 255)
  }

  /// Whether `light`, known within `bound`, is stored as `sample`.
  func isStored(_ sample: Double, light: Double, within bound: Double) -> Bool {
    guard samples == .uint8 else { return abs(sample - light) <= bound }
    // The table of light for a code is of Floats, too.
    let bound = bound + 0x1p-24 * abs(light)
    func code(_ light: Double) -> Double { min(max(255 * TransferFunction.srgb.encode(light), 0), 255) }
    return sample >= code(light - bound) - 0.5 && sample <= code(light + bound) + 0.5
  }
}
