import CFewtapImageIO
import FewtapCore
import Foundation

/// Encodes, band of rows by band of rows, what OpenImageIO encodes for us.
final class OpenImageIOEncoder: RowEncoder {
  private let handle: OpaquePointer
  private let path: String
  private let sink: ByteSink
  private let sampleType: PixelType
  private let rowBytes: Int
  private let height: Int
  /// Rows that are written together, so that the file's bytes do not depend on how rows arrive.
  private let bandHeight: Int
  private var band: [UInt8] = []
  private var bandRows: Range<Int> = 0..<0
  let workingBytes: Int

  /// An encoder of samples of `sampleType`: the plan's, or floats for a half.
  ///
  /// A profile that does not fit (RGB on gray, or damaged) must not cost the user the image: it is left out with a warning.
  static func open(
    _ plan: OutputPlan, _ image: SampleLayout, _ sampleType: PixelType, _ options: WriteOptions, _ path: String,
    _ sink: ByteSink, _ warnings: inout [ImageWarning]
  ) throws(ImageFileError) -> OpenImageIOEncoder {
    if let profile = plan.colorProfile {
      do throws(ImageFileError) {
        return try OpenImageIOEncoder(plan, image, sampleType, profile, options.jpegQuality, path, sink)
      } catch {
        guard case .cannotWrite(_, let cause, let advice) = error, advice == otherFormat else { throw error }
        try sink.clear()
        warnings.append(.colorProfileLost(format: plan.format, reason: cause))
      }
    }
    return try OpenImageIOEncoder(plan, image, sampleType, [], options.jpegQuality, path, sink)
  }

  private init(
    _ plan: OutputPlan, _ image: SampleLayout, _ sampleType: PixelType, _ profile: [UInt8], _ quality: Int,
    _ path: String, _ sink: ByteSink
  ) throws(ImageFileError) {
    let (width, height) = (image.width, image.height)
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
        let (name, quality) = (plan.format.decoderName ?? "", Int32(clamping: quality))
        return if let file = sink.file {
          fewtap_io_open_file_writer(
            name, file.descriptor, &spec, names, profile, profile.count, quality, &handle, message, capacity)
        } else {
          fewtap_io_open_writer(name, &spec, names, profile, profile.count, quality, &handle, message, capacity)
        }
      } error: {
        failure(path, $0)
      }
    }
    guard let handle else { throw failure(path, "the encoder gave no reason") }
    (self.handle, self.path, self.sink, self.sampleType, self.height) = (handle, path, sink, sampleType, height)
    rowBytes = width * plan.planes.count * sampleType.byteCount
    // TIFF packs strips of 32 rows, several at once if they are there; OpenEXR up to 32 rows.
    let step = plan.format == .tiff || plan.format == .openexr ? 32 : 1
    bandHeight = min(height, max(min(2 * step, 64), (4 << 20) / rowBytes / step * step))
    // The band, a copy that is packed, and what it is packed into; threads of OpenEXR hold two blocks of 32 rows each.
    let blocks = plan.format == .openexr ? 2 * (ProcessInfo.processInfo.activeProcessorCount + 1) * 32 * rowBytes : 0
    workingBytes = 4 * bandHeight * rowBytes + blocks + 32 * rowBytes
  }

  deinit { fewtap_io_close_writer(handle) }

  func append(_ samples: UnsafeRawBufferPointer, rows: Range<Int>) throws(ImageFileError) {
    var row = rows.lowerBound
    while row < rows.upperBound {
      let taken = row..<min(rows.upperBound, bandRows.lowerBound + bandHeight)
      let begin = (row - rows.lowerBound) * rowBytes
      let part = UnsafeRawBufferPointer(rebasing: samples[begin..<begin + taken.count * rowBytes])
      if taken.count == bandHeight {
        try write(part, taken)
        bandRows = taken.upperBound..<taken.upperBound
      } else {
        let offset = (row - bandRows.lowerBound) * rowBytes
        if band.isEmpty { band = [UInt8](repeating: 0, count: bandHeight * rowBytes) }
        band.withUnsafeMutableBytes {
          UnsafeMutableRawBufferPointer(rebasing: $0[offset..<offset + part.count]).copyMemory(from: part)
        }
        bandRows = bandRows.lowerBound..<taken.upperBound
        if bandRows.count == bandHeight { try flush() }
      }
      row = taken.upperBound
    }
  }

  private func flush() throws(ImageFileError) {
    guard !bandRows.isEmpty else { return }
    try band.withBytes { (band) throws(ImageFileError) in
      try write(UnsafeRawBufferPointer(rebasing: band[..<(bandRows.count * rowBytes)]), bandRows)
    }
    bandRows = bandRows.upperBound..<bandRows.upperBound
  }

  private func write(_ samples: UnsafeRawBufferPointer, _ rows: Range<Int>) throws(ImageFileError) {
    try check(path) { message, capacity in
      fewtap_io_write_rows(
        handle, Int32(rows.lowerBound), Int32(rows.upperBound), sampleType.sample, samples.baseAddress, message,
        capacity)
    } error: {
      failure(path, $0)
    }
  }

  func finish() throws(ImageFileError) {
    try flush()
    var bytes: UnsafePointer<UInt8>?
    var count = 0
    try check(path) { message, capacity in
      fewtap_io_finish_writer(handle, &bytes, &count, message, capacity)
    } error: {
      failure(path, $0)
    }
    if sink.file == nil { sink.bytes = Array(UnsafeBufferPointer(start: bytes, count: count)) }
  }
}

private func failure(_ path: String, _ cause: String) -> ImageFileError {
  .cannotWrite(path: path, cause: cause, advice: otherFormat)
}

private let otherFormat = "another format may hold the image: \(ImageFormat.list)"

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
