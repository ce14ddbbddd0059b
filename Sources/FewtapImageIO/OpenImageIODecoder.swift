import CFewtapImageIO
import FewtapCore

/// Decodes what OpenImageIO decodes for us.
enum OpenImageIODecoder {
  static func decode(
    _ bytes: [UInt8], _ format: ImageFormat, _ request: DecodeRequest
  ) throws(ImageFileError) -> ImageFile {
    try bytes.withUnsafeBufferPointer { (bytes) throws(ImageFileError) in
      var spec = fewtap_io_spec()
      let reader = try Reader(bytes, format, request, &spec)
      return try reader.decode(spec, format, request)
    }
  }

  /// A decoder at work; the bytes must outlive it.
  private final class Reader {
    private let handle: OpaquePointer

    init(
      _ bytes: UnsafeBufferPointer<UInt8>, _ format: ImageFormat, _ request: DecodeRequest, _ spec: inout fewtap_io_spec
    ) throws(ImageFileError) {
      var handle: OpaquePointer?
      try check(request.path) { message, capacity in
        fewtap_io_open_reader(
          format.decoderName ?? "", bytes.baseAddress, bytes.count, &handle, &spec, message, capacity)
      } error: {
        .damaged(path: request.path, cause: $0)
      }
      guard let handle else { throw .damaged(path: request.path, cause: "the decoder gave no reason") }
      self.handle = handle
    }

    deinit { fewtap_io_close_reader(handle) }

    func decode(
      _ spec: fewtap_io_spec, _ format: ImageFormat, _ request: DecodeRequest
    ) throws(ImageFileError) -> ImageFile {
      let (width, height, channels) = (Int(spec.width), Int(spec.height), Int(spec.channels))
      try refuseUnsupported(spec, request.path)
      try request.check(width: width, height: height, channels: channels)
      let type = PixelType(spec.sample)
      let metadata = metadata(spec, format, type, request)
      var assembler = PlaneAssembler(
        width: width, height: height, channels: channels, type: type, transfer: metadata.transfer,
        alphaIndex: spec.alpha_channel >= 0 ? Int(spec.alpha_channel) : nil,
        alphaIsAssociated: spec.alpha_is_associated != 0)
      let rows = Self.rowsPerBand(spec)
      for begin in stride(from: 0, to: height, by: rows) {
        let end = min(begin + rows, height)
        let band = try read(begin..<end, count: (end - begin) * width * channels, type, request.path)
        assembler.store(band, row: begin)
      }
      do {
        var file = ImageFile(image: try assembler.finish(), metadata: metadata)
        file.warnings = warnings(spec, type)
        return file
      } catch {
        throw .damaged(path: request.path, cause: error.description)
      }
    }

    /// Bands of about 4 MiB let the decoder use its threads and keep the interleaved copy small.
    private static func rowsPerBand(_ spec: fewtap_io_spec) -> Int {
      let step = max(1, Int(spec.rows_per_band))
      let rowBytes = Int(spec.width) * Int(spec.channels) * MemoryLayout<Float>.size
      return max(1, (4 << 20) / max(1, rowBytes) / step) * step
    }

    private func read(
      _ rows: Range<Int>, count: Int, _ type: PixelType, _ path: String
    ) throws(ImageFileError) -> SampleBand {
      switch type {
      case .uint8: .codes8(try samples(rows, [UInt8](repeating: 0, count: count), FEWTAP_IO_UINT8, path))
      case .uint16: .codes16(try samples(rows, [UInt16](repeating: 0, count: count), FEWTAP_IO_UINT16, path))
      case .half, .float: .floats(try samples(rows, [Float](repeating: 0, count: count), FEWTAP_IO_FLOAT, path))
      }
    }

    private func samples<Sample: BitwiseCopyable>(
      _ rows: Range<Int>, _ zeros: [Sample], _ type: fewtap_io_sample, _ path: String
    ) throws(ImageFileError) -> [Sample] {
      var samples = zeros
      try check(path) { message, capacity in
        fewtap_io_read_rows(handle, Int32(rows.lowerBound), Int32(rows.upperBound), type, &samples, message, capacity)
      } error: {
        .damaged(path: path, cause: $0)
      }
      return samples
    }

    private func refuseUnsupported(_ spec: fewtap_io_spec, _ path: String) throws(ImageFileError) {
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

    private func metadata(
      _ spec: fewtap_io_spec, _ format: ImageFormat, _ type: PixelType, _ request: DecodeRequest
    ) -> ImageMetadata {
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

    private func warnings(_ spec: fewtap_io_spec, _ type: PixelType) -> [ImageWarning] {
      var warnings: [ImageWarning] = []
      if spec.images > 1 { warnings.append(.otherImagesIgnored) }
      if spec.camera_fields > 0 { warnings.append(.cameraDataIgnored(fields: Int(spec.camera_fields))) }
      let stored = withUnsafeBytes(of: spec.stored_type) { text(in: $0) }
      if type == .float, stored != "float" { warnings.append(.typeConverted(from: stored)) }
      return warnings
    }
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
  default: throw error(message.withUnsafeBytes { text(in: $0) }.replacing("\n", with: "; "))
  }
}

/// The text before the first zero byte.
private func text(in bytes: UnsafeRawBufferPointer) -> String {
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
