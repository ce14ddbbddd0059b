import CFewtap
import FewtapCore
import FewtapEngine

/// An image in memory of the caller, checked as far as it can be.
struct Pixels: @unchecked Sendable {
  let layout: PixelLayout
  let height: Int
  /// Whether samples are binary64; the layout then is that of the first halves of its samples.
  let isDouble: Bool
  /// The first byte in memory, and how many there are.
  let memory: UnsafeMutableRawBufferPointer
  /// Sample (0, 0, 0).
  private let origin: UnsafeMutableRawPointer

  var width: Int { layout.width }
  var channels: Int { layout.channels }

  /// The image at `pointer`, which errors call `name`.
  ///
  /// Throws: ``CallError``; ``PixelLayoutError``'s sentences with the name before them.
  init(_ pointer: UnsafePointer<fewtap_image>?, _ name: String) throws(CallError) {
    guard let image = pointer?.pointee else { throw .null(name) }
    guard let data = image.data else { throw .null("\(name)->data") }
    (isDouble, height, origin) = (image.type == FEWTAP_FLOAT64, Int(image.height), data)
    let hasAlpha = try flag(image.has_alpha, "\(name)->has_alpha")
    layout = PixelLayout(
      type: try Self.type(image.type, name), transfer: try Self.transfer(image.transfer, name), width: Int(image.width),
      channels: Int(image.channels), alphaIndex: hasAlpha ? Int(image.alpha_index) : nil,
      alphaIsAssociated: try flag(image.alpha_is_associated, "\(name)->alpha_is_associated"),
      pixelStride: Int(image.pixel_stride), channelStride: Int(image.channel_stride), rowStride: Int(image.row_stride))
    let size = isDouble ? 8 : layout.type.byteCount
    let axes = [
      ("pixel_stride", image.pixel_stride, image.width), ("row_stride", image.row_stride, image.height),
      ("channel_stride", image.channel_stride, image.channels),
    ]
    for (axis, stride, count) in axes where isDouble && count > 1 && stride % 8 != 0 {
      throw CallError(
        FEWTAP_BAD_SHAPE, "\(name): \(axis) is \(stride) bytes: for double samples it must be a multiple of 8")
    }
    guard Int(bitPattern: data) % size == 0 else {
      throw CallError(
        FEWTAP_BAD_SHAPE, "\(name)->data does not start at a multiple of \(size) bytes, as its samples must")
    }
    do throws(PixelLayoutError) {
      let range = try layout.byteRange(height: height)
      // Strides that hold samples of 4 bytes, and are multiples of 8, hold those of 8.
      memory = UnsafeMutableRawBufferPointer(
        start: data + range.lowerBound, count: range.count + size - layout.type.byteCount)
    } catch {
      throw CallError(error.status, "\(name): \(error)")
    }
  }

  private static func type(_ type: fewtap_type, _ name: String) throws(CallError) -> PixelType {
    switch type {
    case FEWTAP_UINT8: .uint8
    case FEWTAP_UINT16: .uint16
    case FEWTAP_FLOAT16: .half
    case FEWTAP_FLOAT32, FEWTAP_FLOAT64: .float
    default: throw .value("\(name)->type", type.rawValue, expected: "FEWTAP_UINT8 to FEWTAP_FLOAT64, 1 to 5")
    }
  }

  private static func transfer(_ transfer: fewtap_transfer, _ name: String) throws(CallError) -> TransferFunction {
    switch transfer {
    case FEWTAP_LINEAR: .linear
    case FEWTAP_SRGB: .srgb
    default: throw .value("\(name)->transfer", transfer.rawValue, expected: "FEWTAP_LINEAR or FEWTAP_SRGB")
    }
  }

  /// Throws unless samples are numbers that stand for themselves: binary32 or binary64, linear, no alpha.
  func checkNumbers(_ name: String) throws(CallError) {
    guard layout.type == .float else {
      throw CallError(FEWTAP_UNSUPPORTED, "\(name) has \(layout.type) samples: here they must be float32 or float64")
    }
    guard layout.transfer == .linear, layout.alphaIndex == nil else {
      throw CallError(FEWTAP_UNSUPPORTED, "\(name) has alpha or a transfer curve: here it must be linear light alone")
    }
  }

  /// Throws unless both are of one size, and both are binary64 or neither is.
  func checkAlike(_ other: Pixels, _ name: String, _ otherName: String) throws(CallError) {
    guard width == other.width, height == other.height, channels == other.channels else {
      throw CallError(
        FEWTAP_BAD_SHAPE,
        "\(name) is \(width)x\(height) of \(channels) channels and \(otherName) \(other.width)x\(other.height) of "
          + "\(other.channels): they must be alike")
    }
    guard isDouble == other.isDouble else {
      throw CallError(
        FEWTAP_UNSUPPORTED,
        "one of \(name) and \(otherName) is float64: both must be, or neither, since float64 stays so all the way")
    }
  }

  /// Throws unless it is of this size.
  func checkSize(_ width: Int, _ height: Int, _ channels: Int, _ name: String) throws(CallError) {
    guard self.width == width, self.height == height, self.channels == channels else {
      throw CallError(
        FEWTAP_BAD_SHAPE,
        "\(name) is \(self.width)x\(self.height) of \(self.channels) channels: expected \(width)x\(height) of \(channels)"
      )
    }
  }

  /// Throws if a byte belongs to both.
  func checkApart(_ output: Pixels) throws(CallError) {
    do throws(PixelLayoutError) {
      try PixelLayout.checkDisjoint(UnsafeRawBufferPointer(memory), output.memory)
    } catch { throw CallError(error.status, "\(error)") }
  }

  /// Its channels where they lie, if they are Floats side by side.
  var planar: PlanarPixels? {
    let size = MemoryLayout<Float>.stride
    guard !isDouble, layout.type == .float, layout.transfer == .linear, layout.alphaIndex == nil,
      layout.pixelStride == size || width == 1
    else { return nil }
    return PlanarPixels(
      planes: (0..<channels).map { (origin + $0 * layout.channelStride).assumingMemoryBound(to: Float.self) },
      width: width, height: height, rowStride: layout.rowStride / size)
  }

  /// Whether no byte belongs to both.
  func isApart(from other: Pixels) -> Bool {
    (try? PixelLayout.checkDisjoint(UnsafeRawBufferPointer(memory), other.memory)) != nil
  }

  /// Its channels as an image of numbers.
  var image: Image { Image(sameSizePlanes: (0..<channels).map { plane($0, as: Float.self) }) }

  /// A channel in binary64, as the policy for pixels that are not finite lets it through.
  func admitted(_ channel: Int, _ policy: NonfinitePolicy) throws(CallError) -> Plane<Double> {
    var plane = plane(channel, as: Double.self)
    guard policy != .keep, let bad = plane.firstNonFinite() else { return plane }
    guard policy == .zero else {
      throw CallError(
        FEWTAP_NON_FINITE, "channel \(channel) is \(bad.value) at column \(bad.x), row \(bad.y): pixels must be finite")
    }
    for index in plane.values.indices where !plane.values[index].isFinite { plane.values[index] = 0 }
    return plane
  }

  /// A channel's numbers, rounded to the scalar.
  func plane<Scalar: BinaryFloatingPoint & Sendable>(_ channel: Int, as scalar: Scalar.Type) -> Plane<Scalar> {
    let values = [Scalar](unsafeUninitializedCapacity: width * height) { values, count in
      forEachRow(of: channel) { y, row in
        let (to, stride) = (values.baseAddress! + y * width, layout.pixelStride)
        if isDouble {
          for x in 0..<width { (to + x).initialize(to: Scalar((row + x * stride).load(as: Double.self))) }
        } else {
          for x in 0..<width { (to + x).initialize(to: Scalar((row + x * stride).load(as: Float.self))) }
        }
      }
      count = values.count
    }
    return Plane(width: width, height: height, exactly: values)
  }

  /// Stores a channel's numbers, rounded to the samples' type.
  func store<Scalar: BinaryFloatingPoint & Sendable>(_ plane: Plane<Scalar>, _ channel: Int) {
    plane.values.withUnsafeBufferPointer { values in
      forEachRow(of: channel) { y, row in
        let (from, stride) = (values.baseAddress! + y * width, layout.pixelStride)
        if isDouble {
          for x in 0..<width { (row + x * stride).storeBytes(of: Double(from[x]), as: Double.self) }
        } else {
          for x in 0..<width { (row + x * stride).storeBytes(of: Float(from[x]), as: Float.self) }
        }
      }
    }
  }

  /// Calls `body` with each row's index and the address of its first sample.
  private func forEachRow(of channel: Int, _ body: (Int, UnsafeMutableRawPointer) -> Void) {
    for y in 0..<height { body(y, origin + (y * layout.rowStride + channel * layout.channelStride)) }
  }
}
