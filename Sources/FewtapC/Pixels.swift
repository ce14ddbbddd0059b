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

  /// Throws unless both are of one size and lie apart.
  static func check(_ input: Pixels, _ output: Pixels) throws(CallError) {
    guard input.width == output.width, input.height == output.height, input.channels == output.channels else {
      throw CallError(
        FEWTAP_BAD_SHAPE,
        "input is \(input.width)x\(input.height) of \(input.channels) channels and output \(output.width)x\(output.height) of "
          + "\(output.channels): they must be alike")
    }
    do throws(PixelLayoutError) {
      try PixelLayout.checkDisjoint(UnsafeRawBufferPointer(input.memory), output.memory)
    } catch { throw CallError(error.status, "\(error)") }
  }

  /// A channel's numbers, rounded to the scalar.
  func plane<Scalar: BinaryFloatingPoint & Sendable>(_ channel: Int, as scalar: Scalar.Type) -> Plane<Scalar> {
    var plane = Plane<Scalar>(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        let place = address(x, y, channel)
        plane.values[y * width + x] =
          isDouble ? Scalar(place.load(as: Double.self)) : Scalar(place.load(as: Float.self))
      }
    }
    return plane
  }

  /// Stores a channel's numbers, rounded to the samples' type.
  func store<Scalar: BinaryFloatingPoint & Sendable>(_ plane: Plane<Scalar>, _ channel: Int) {
    for y in 0..<height {
      for x in 0..<width {
        let (place, value) = (address(x, y, channel), plane.values[y * width + x])
        if isDouble {
          place.storeBytes(of: Double(value), as: Double.self)
        } else {
          place.storeBytes(of: Float(value), as: Float.self)
        }
      }
    }
  }

  private func address(_ x: Int, _ y: Int, _ channel: Int) -> UnsafeMutableRawPointer {
    origin + (y * layout.rowStride + x * layout.pixelStride + channel * layout.channelStride)
  }
}
