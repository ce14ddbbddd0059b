import CFewtapImageIO
import FewtapCore

/// Encodes, row band by row band, what OpenImageIO encodes for us.
final class OpenImageIOEncoder {
  private let handle: OpaquePointer
  private let path: String

  /// Throws: ``ImageFileError`` if the encoder refuses the image, for one a profile that does not fit its colors.
  init(
    _ plan: OutputPlan, width: Int, height: Int, profile: [UInt8], quality: Int, path: String
  ) throws(ImageFileError) {
    var spec = fewtap_io_spec()
    (spec.width, spec.height, spec.depth) = (Int32(width), Int32(height), 1)
    spec.channels = Int32(plan.planes.count)
    spec.alpha_channel = Int32(plan.alphaIndex ?? -1)
    spec.alpha_is_associated = plan.alphaIsAssociated ? 1 : 0
    spec.sample = Int32(plan.type.sample.rawValue)
    spec.orientation = Int32(plan.orientation)
    if let resolution = plan.resolution {
      (spec.x_resolution, spec.y_resolution) = (resolution.x, resolution.y)
      withUnsafeMutableBytes(of: &spec.resolution_unit) {
        $0.copyBytes(from: resolution.unit.utf8.prefix($0.count - 1))
      }
    }
    let window = plan.window ?? DisplayWindow(dataX: 0, dataY: 0, x: 0, y: 0, width: width, height: height)
    (spec.x, spec.y) = (Int32(clamping: window.dataX), Int32(clamping: window.dataY))
    (spec.display_x, spec.display_y) = (Int32(clamping: window.x), Int32(clamping: window.y))
    (spec.display_width, spec.display_height) = (Int32(clamping: window.width), Int32(clamping: window.height))
    var handle: OpaquePointer?
    try withCStrings(plan.channelNames) { (names) throws(ImageFileError) in
      try check(path) { message, capacity in
        fewtap_io_open_writer(
          plan.format.decoderName ?? "", &spec, names, profile, profile.count, Int32(clamping: quality), &handle,
          message, capacity)
      } error: {
        failure(path, $0)
      }
    }
    guard let handle else { throw failure(path, "the encoder gave no reason") }
    self.handle = handle
    self.path = path
  }

  deinit { fewtap_io_close_writer(handle) }

  /// Adds rows, which must follow those before.
  func append(_ band: SampleBand, rows: Range<Int>) throws(ImageFileError) {
    switch band {
    case .codes8(let codes): try append(codes, rows)
    case .codes16(let codes): try append(codes, rows)
    case .floats(let values): try append(values, rows)
    }
  }

  private func append<Sample: BitwiseCopyable>(_ samples: [Sample], _ rows: Range<Int>) throws(ImageFileError) {
    try check(path) { message, capacity in
      fewtap_io_write_rows(handle, Int32(rows.lowerBound), Int32(rows.upperBound), samples, message, capacity)
    } error: {
      failure(path, $0)
    }
  }

  /// Ends the file and answers its bytes.
  func finish() throws(ImageFileError) -> [UInt8] {
    var bytes: UnsafePointer<UInt8>?
    var count = 0
    try check(path) { message, capacity in
      fewtap_io_finish_writer(handle, &bytes, &count, message, capacity)
    } error: {
      failure(path, $0)
    }
    return Array(UnsafeBufferPointer(start: bytes, count: count))
  }
}

private func failure(_ path: String, _ cause: String) -> ImageFileError {
  .cannotWrite(path: path, cause: cause, advice: "another format may hold the image: \(ImageFormat.list)")
}

/// Calls `body` with the strings as C strings, valid until it returns.
private func withCStrings(
  _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) throws(ImageFileError) -> Void
) throws(ImageFileError) {
  var bytes: [CChar] = []
  var starts: [Int] = []
  for string in strings {
    starts.append(bytes.count)
    bytes += string.utf8CString
  }
  try bytes.withUnsafeBufferPointer { (bytes) throws(ImageFileError) in
    let pointers = starts.map { start in bytes.baseAddress.map { $0 + start } }
    try pointers.withUnsafeBufferPointer { (pointers) throws(ImageFileError) in try body(pointers.baseAddress) }
  }
}
