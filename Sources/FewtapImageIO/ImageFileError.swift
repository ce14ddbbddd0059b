import FewtapCore

/// Why a file cannot be read or written.
public enum ImageFileError: Error, Equatable, CustomStringConvertible {
  /// The system refuses the file.
  case cannotOpen(path: String, cause: String)
  /// The content is none of the formats that are read.
  case unknownFormat(path: String)
  /// The name to write to has no extension that tells a format.
  case unknownExtension(path: String)
  /// The format needs OpenImageIO, and this build has none.
  case builtWithoutOpenImageIO(path: String)
  /// The content is cut short or breaks its format.
  case damaged(path: String, cause: String)
  /// A feature of the format that is not read; `advice` says what is.
  case unsupported(path: String, what: String, advice: String)
  /// A side is not positive, or the pixels need more memory than allowed; no limit where rows are read one by one.
  case size(path: String, width: Int, height: Int, channels: Int, limit: Int?)
  /// Rows that are asked for, or given, do not lie in the image, come in the wrong order, or do not fill the buffer.
  case rows(path: String, Range<Int>, expected: String)
  /// Nothing was written; `advice` says what would be right.
  case cannotWrite(path: String, cause: String, advice: String)
  /// The file was read, but is no kernel.
  case kernel(path: String, KernelError)

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .cannotOpen(let path, let cause): "cannot read \(path): \(cause)"
    case .unknownFormat(let path): "\(path) is none of the formats that are read: \(ImageFormat.list)"
    case .unknownExtension(let path):
      "cannot tell the format to write from the name \(path): its extension must be one of \(ImageFormat.list)"
    case .builtWithoutOpenImageIO(let path):
      "cannot handle \(path): this build is without OpenImageIO (package trait OpenImageIO); NPY, PNM, PFM and FITS work"
    case .damaged(let path, let cause): "\(path) is damaged: \(cause)"
    case .unsupported(let path, let what, let advice): "\(path) \(what), which is not read: \(advice)"
    case .size(let path, let width, let height, let channels, let limit):
      "\(path) is \(width)x\(height) with \(channels) channels: sides must be at least 1, "
        + (limit.map { "pixels at most \(ImageFile.maximumPixels), and their Float planes at most \($0 >> 20) MiB" }
          ?? "and channels at most \(ImageFile.maximumChannels)")
    case .rows(let path, let rows, let expected):
      "rows \(rows.lowerBound) to \(rows.upperBound) of \(path): expected \(expected)"
    case .cannotWrite(let path, let cause, let advice): "cannot write \(path): \(cause); \(advice)"
    case .kernel(let path, let error): "\(path) is no kernel: \(error)"
    }
  }
}
