import CFewtapImageIO
import FewtapCore

/// Reads what OpenImageIO decodes for us, in bands of rows that suit the file: rows of tiles, strips, or any.
final class OpenImageIODecoder: RowDecoder {
  let header: ImageHeader
  private let source: ByteSource
  private let format: ImageFormat
  private let access: RowAccess
  private var decoder: Decoder
  /// First row that a decoder without random access can still reach.
  private var nextRow = 0
  private var band: (rows: Range<Int>, samples: [UInt8]) = (0..<0, [])

  init(_ source: ByteSource, _ format: ImageFormat, _ request: DecodeRequest) throws(ImageFileError) {
    decoder = try Decoder(source, format)
    let spec = decoder.spec
    let (width, height, channels) = (Int(spec.width), Int(spec.height), Int(spec.channels))
    try Self.refuseUnsupported(spec, request.path)
    try request.check(width: width, height: height, channels: channels)
    // OpenImageIO adds a strip's or tile's height to a row's number in 31 bits, and does not come back from an overflow.
    guard height <= Int(Int32.max) - Int(max(spec.strip_height, spec.tile_height, 1 << 16)) else {
      throw .unsupported(
        path: request.path, what: "has \(height) rows", advice: "up to \(Int32.max) less the height of a strip are")
    }
    let type = PixelType(spec.sample)
    let metadata = decoder.metadata(format, type, request)
    var layout = SampleLayout(
      width: width, height: height, channels: channels, type: type, transfer: metadata.transfer)
    layout.alphaIndex = spec.alpha_channel >= 0 ? Int(spec.alpha_channel) : nil
    layout.alphaIsAssociated = spec.alpha_is_associated != 0
    access = RowAccess(spec, format, layout, source)
    header = ImageHeader(
      layout: layout, metadata: metadata, warnings: Self.warnings(spec, type), workingBytes: access.workingBytes,
      bandHeight: access.bandHeight ?? 1)
    (self.source, self.format) = (source, format)
  }

  func read(rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws(ImageFileError) {
    let layout = header.layout
    guard let bandHeight = access.bandHeight else { return try decode(rows, into: buffer) }
    var row = rows.lowerBound
    while row < rows.upperBound {
      let start = row / bandHeight * bandHeight
      let wanted = start..<min(start + bandHeight, layout.height)
      let part = row..<min(wanted.upperBound, rows.upperBound)
      let offset = (row - rows.lowerBound) * layout.rowBytes
      let target = UnsafeMutableRawBufferPointer(rebasing: buffer[offset..<offset + part.count * layout.rowBytes])
      if part == wanted {
        try decode(part, into: target)
      } else {
        if band.rows != wanted { try fillBand(wanted) }
        let skipped = (row - start) * layout.rowBytes
        band.samples.withUnsafeBytes { target.copyMemory(from: .init(rebasing: $0[skipped..<skipped + target.count])) }
      }
      row = part.upperBound
    }
  }

  private func fillBand(_ rows: Range<Int>) throws(ImageFileError) {
    var samples = band.samples
    band = (0..<0, [])
    let count = rows.count * header.layout.rowBytes
    if samples.count < count { samples = [UInt8](repeating: 0, count: count) }
    try samples.withMutableBytes { (samples) throws(ImageFileError) in
      try decode(rows, into: UnsafeMutableRawBufferPointer(rebasing: samples[..<count]))
    }
    band = (rows, samples)
  }

  private func decode(_ rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws(ImageFileError) {
    if access.isSequential, rows.lowerBound < nextRow { try decoder.restart() }
    // A decoder that failed in the middle begins anew.
    nextRow = .max
    try decoder.read(rows, header.layout.type, into: buffer)
    nextRow = rows.upperBound
  }

  /// A decoder at work.
  private final class Decoder {
    let spec: fewtap_io_spec
    // Bytes in memory must outlive the decoder.
    private let source: ByteSource
    private let format: ImageFormat
    private var handle: OpaquePointer?

    init(_ source: ByteSource, _ format: ImageFormat) throws(ImageFileError) {
      (self.source, self.format) = (source, format)
      (handle, spec) = try Self.open(source, format)
    }

    deinit { fewtap_io_close_reader(handle) }

    private static func open(
      _ source: ByteSource, _ format: ImageFormat
    ) throws(ImageFileError) -> (OpaquePointer?, fewtap_io_spec) {
      var handle: OpaquePointer?
      var spec = fewtap_io_spec()
      let name = format.decoderName ?? ""
      try check(source.path) { message, capacity in
        switch source.place {
        case .file(let descriptor):
          fewtap_io_open_file_reader(name, descriptor, &handle, &spec, message, capacity)
        case .memory(let bytes):
          fewtap_io_open_reader(
            name, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, &handle, &spec, message,
            capacity)
        }
      } error: {
        .damaged(path: source.path, cause: $0)
      }
      return (handle, spec)
    }

    /// Begins anew at the first row.
    func restart() throws(ImageFileError) {
      // Closed before: two streams on one file would move each other's position.
      fewtap_io_close_reader(handle)
      handle = nil
      let (again, found) = try Self.open(source, format)
      handle = again
      guard found.width == spec.width, found.height == spec.height, found.channels == spec.channels,
        found.sample == spec.sample
      else { throw .damaged(path: source.path, cause: "it changed while it was read") }
    }

    func read(
      _ rows: Range<Int>, _ type: PixelType, into buffer: UnsafeMutableRawBufferPointer
    ) throws(ImageFileError) {
      try check(source.path) { message, capacity in
        fewtap_io_read_rows(
          handle, Int32(rows.lowerBound), Int32(rows.upperBound), type.sample, buffer.baseAddress, message, capacity)
      } error: {
        .damaged(path: source.path, cause: $0)
      }
    }

    func metadata(_ format: ImageFormat, _ type: PixelType, _ request: DecodeRequest) -> ImageMetadata {
      var metadata = ImageMetadata(pixelType: type, transfer: request.transfer.function(for: type))
      metadata.format = format
      var count = 0
      if let profile = fewtap_io_reader_profile(handle, &count), count > 0 {
        metadata.colorProfile = Array(UnsafeBufferPointer(start: profile, count: count))
      }
      metadata.orientation = (1...8).contains(spec.orientation) ? Int(spec.orientation) : 1
      if spec.x_resolution > 0, spec.y_resolution > 0 {
        let unit = withUnsafeBytes(of: spec.resolution_unit) { text(in: $0) }
        metadata.resolution = Resolution(x: spec.x_resolution, y: spec.y_resolution, unit: unit)
      }
      metadata.channelNames = (0..<spec.channels).map { String(cString: fewtap_io_reader_channel_name(handle, $0)) }
      let window = DisplayWindow(
        dataX: Int(spec.x), dataY: Int(spec.y), x: Int(spec.display_x), y: Int(spec.display_y),
        width: Int(spec.display_width), height: Int(spec.display_height))
      let plain = DisplayWindow(dataX: 0, dataY: 0, x: 0, y: 0, width: Int(spec.width), height: Int(spec.height))
      if format == .openexr, window != plain { metadata.window = window }
      return metadata
    }
  }

  private static func refuseUnsupported(_ spec: fewtap_io_spec, _ path: String) throws(ImageFileError) {
    if spec.is_cmyk != 0 {
      throw .unsupported(path: path, what: "is CMYK", advice: "convert it to RGB with its profile first")
    }
    if spec.is_deep != 0 {
      throw .unsupported(path: path, what: "has deep pixels", advice: "flatten it first")
    }
    if spec.depth > 1 {
      throw .unsupported(
        path: path, what: "is a volume of \(spec.depth) slices", advice: "split it into images first")
    }
  }

  private static func warnings(_ spec: fewtap_io_spec, _ type: PixelType) -> [ImageWarning] {
    var warnings: [ImageWarning] = []
    if spec.images > 1 { warnings.append(.otherImagesIgnored) }
    if spec.camera_fields > 0 { warnings.append(.cameraDataIgnored(fields: Int(spec.camera_fields))) }
    let stored = withUnsafeBytes(of: spec.stored_type) { text(in: $0) }
    if type == .float, stored != "float" { warnings.append(.typeConverted(from: stored)) }
    return warnings
  }
}

/// Calls into the C shim; a failure becomes `error` of the shim's sentence.
func check(
  _ path: String, _ call: (UnsafeMutablePointer<CChar>?, Int) -> fewtap_io_status,
  error: (String) -> ImageFileError
) throws(ImageFileError) {
  var message = [CChar](repeating: 0, count: 512)
  switch message.withUnsafeMutableBufferPointer({ call($0.baseAddress, $0.count) }) {
  case FEWTAP_IO_OK: return
  case FEWTAP_IO_UNAVAILABLE: throw .builtWithoutOpenImageIO(path: path)
  case FEWTAP_IO_NOT_STORED:
    let cause = message.withUnsafeBytes { text(in: $0) }
    throw .cannotWrite(path: path, cause: cause, advice: "make room, or choose another disk")
  default: throw error(message.withUnsafeBytes { text(in: $0) }.replacing("\n", with: "; "))
  }
}

/// The text before the first zero byte.
func text(in bytes: UnsafeRawBufferPointer) -> String {
  String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
}

extension PixelType {
  fileprivate init(_ sample: Int32) {
    switch fewtap_io_sample(UInt32(bitPattern: sample)) {
    case FEWTAP_IO_UINT8: self = .uint8
    case FEWTAP_IO_UINT16: self = .uint16
    case FEWTAP_IO_HALF: self = .half
    default: self = .float
    }
  }

  /// The shim's name of this type.
  var sample: fewtap_io_sample {
    switch self {
    case .uint8: FEWTAP_IO_UINT8
    case .uint16: FEWTAP_IO_UINT16
    case .half: FEWTAP_IO_HALF
    case .float: FEWTAP_IO_FLOAT
    }
  }
}
