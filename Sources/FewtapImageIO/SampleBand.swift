import FewtapCore

/// Some rows of interleaved samples as they lie in a file.
enum SampleBand {
  case codes8([UInt8])
  case codes16([UInt16])
  case floats([Float])
}

/// Takes bands of stored samples apart into planes of light.
struct PlaneAssembler {
  private let width: Int
  private let channels: Int
  private let type: PixelType
  private let transfer: TransferFunction
  private let alphaIndex: Int?
  private let alphaIsAssociated: Bool
  private let colors: [Float]
  private let alphas: [Float]
  private var planes: [Plane<Float>]

  /// Planes for an image whose integer codes run from 0 to `maximumCode`; sizes were checked.
  init(
    width: Int, height: Int, channels: Int, type: PixelType, maximumCode: Int? = nil, transfer: TransferFunction,
    alphaIndex: Int?, alphaIsAssociated: Bool
  ) {
    self.width = width
    self.channels = channels
    self.type = type
    self.transfer = transfer
    self.alphaIndex = alphaIndex
    self.alphaIsAssociated = alphaIsAssociated
    let maximumCode = maximumCode ?? type.maximumCode
    alphas = maximumCode.map { TransferFunction.linear.decodingTable(maximumCode: $0) } ?? []
    // Codes multiplied by alpha are decoded at the end, when alpha is known.
    colors = alphaIsAssociated ? alphas : maximumCode.map { transfer.decodingTable(maximumCode: $0) } ?? []
    planes = (0..<channels).map { _ in Plane(width: width, height: height) }
  }

  /// Stores a band whose first row is `row`.
  mutating func store(_ band: SampleBand, row: Int) {
    for channel in 0..<channels {
      let table = channel == alphaIndex ? alphas : colors
      switch band {
      case .codes8(let codes): scatter(codes, channel, row) { table[Int($0)] }
      case .codes16(let codes): scatter(codes, channel, row) { table[Int($0)] }
      case .floats(let values): scatter(values, channel, row) { $0 }
      }
    }
  }

  private mutating func scatter<Sample>(
    _ samples: [Sample], _ channel: Int, _ row: Int, _ convert: (Sample) -> Float
  ) {
    let (start, step) = (row * width, channels)
    planes[channel].values.withUnsafeMutableBufferPointer { plane in
      samples.withUnsafeBufferPointer { samples in
        for index in 0..<samples.count / step { plane[start + index] = convert(samples[index * step + channel]) }
      }
    }
  }

  /// The image.
  consuming func finish() throws(ImageError) -> Image {
    let codedColors = transfer != .linear && (!type.isInteger || alphaIsAssociated)
    if codedColors {
      for channel in 0..<channels where channel != alphaIndex {
        for index in planes[channel].values.indices {
          var value = Double(planes[channel].values[index])
          if alphaIsAssociated, let alphaIndex {
            let alpha = Double(planes[alphaIndex].values[index])
            if alpha != 0 { value /= alpha }
          }
          planes[channel].values[index] = Float(transfer.decode(value))
        }
      }
    }
    return try Image(
      planes: planes, alphaIndex: alphaIndex, alphaIsAssociated: alphaIsAssociated && !codedColors)
  }
}
