import FewtapCore

/// The light that stored samples stand for.
struct SampleValues {
  private let type: PixelType
  private let transfer: TransferFunction
  private let alphaIndex: Int?
  /// Light of every stored code, of colors and of alpha; empty for floats.
  let colors: [Float]
  let alphas: [Float]

  init(_ layout: SampleLayout) {
    (type, transfer, alphaIndex) = (layout.type, layout.transfer, layout.alphaIndex)
    switch type {
    case .uint8, .uint16:
      let maximum = type.maximumCode ?? 0
      colors = layout.transfer.decodingTable(maximumCode: maximum)
      alphas = TransferFunction.linear.decodingTable(maximumCode: maximum)
    case .half:
      let transfer = transfer
      alphas = Self.halfs
      colors = transfer == .linear ? alphas : alphas.map { Float(transfer.decode(Double($0))) }
    case .float: (colors, alphas) = ([], [])
    }
  }

  /// The Floats that all binary16 patterns stand for.
  private static let halfs = (0...UInt16.max).map { Float(HalfBits.value($0)) }

  /// Light of the sample number `index` of `samples`, which belongs to `channel`.
  func value(_ samples: UnsafeRawBufferPointer, _ index: Int, _ channel: Int) -> Float {
    let table = channel == alphaIndex ? alphas : colors
    switch type {
    case .uint8: return table[Int(samples[index])]
    case .uint16, .half: return table[Int(samples.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))]
    case .float:
      let value = samples.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
      return transfer == .linear || channel == alphaIndex ? value : Float(transfer.decode(Double(value)))
    }
  }
}

/// Takes rows of stored samples apart into planes of light.
struct PlaneAssembler {
  private let layout: SampleLayout
  private let values: SampleValues
  private var planes: [Plane<Float>]

  /// Planes for an image whose size was checked.
  init(_ layout: SampleLayout) {
    self.layout = layout
    values = SampleValues(layout)
    planes = (0..<layout.channels).map { _ in Plane(width: layout.width, height: layout.height) }
  }

  /// Stores the rows that `samples` holds, the first of which is `row`.
  mutating func store(_ samples: UnsafeRawBufferPointer, row: Int) {
    for channel in 0..<layout.channels {
      let table = channel == layout.alphaIndex ? values.alphas : values.colors
      let transfer = channel == layout.alphaIndex ? TransferFunction.linear : layout.transfer
      switch layout.type {
      case .uint8: scatter(samples.bindMemory(to: UInt8.self), channel, row) { table[Int($0)] }
      case .uint16, .half: scatter(samples.bindMemory(to: UInt16.self), channel, row) { table[Int($0)] }
      case .float where transfer == .linear: scatter(samples.bindMemory(to: Float.self), channel, row) { $0 }
      case .float:
        scatter(samples.bindMemory(to: Float.self), channel, row) { Float(transfer.decode(Double($0))) }
      }
    }
  }

  private mutating func scatter<Sample>(
    _ samples: UnsafeBufferPointer<Sample>, _ channel: Int, _ row: Int, _ convert: (Sample) -> Float
  ) {
    let (start, step) = (row * layout.width, layout.channels)
    planes[channel].values.withUnsafeMutableBufferPointer { plane in
      for index in 0..<samples.count / step { plane[start + index] = convert(samples[index * step + channel]) }
    }
  }

  /// The image.
  consuming func finish() throws(ImageError) -> Image {
    try Image(planes: planes, alphaIndex: layout.alphaIndex, alphaIsAssociated: layout.alphaIsAssociated)
  }
}
