import FewtapCore

extension ImageFile {
  /// Writes the file, whole or not at all, in the format that the path's extension names.
  ///
  /// Integer types clamp light to 0...1 and round to the nearest code; half and float keep all of it.
  /// Returns: what the format could not hold.
  /// Throws: ``ImageFileError``; then no file was made, and one that stood there is untouched.
  @discardableResult
  public func write(path: String, options: WriteOptions = WriteOptions()) throws(ImageFileError) -> [ImageWarning] {
    try write(to: ImageRowWriter(path: path, image: layout, metadata: metadata, options: options))
  }

  /// The file's bytes, and what the format could not hold; `path` is what errors call it.
  ///
  /// Throws: ``ImageFileError``.
  public func encode(
    as format: ImageFormat, options: WriteOptions = WriteOptions(), path: String
  ) throws(ImageFileError) -> (bytes: [UInt8], warnings: [ImageWarning]) {
    let sink = ByteSink()
    let writer = try ImageRowWriter(
      path: path, format: format, image: layout, metadata: metadata, options: options, asStored: false, sink)
    let warnings = try write(to: writer)
    return (sink.bytes, warnings)
  }

  private func write(to writer: ImageRowWriter) throws(ImageFileError) -> [ImageWarning] {
    try withPointers(image.planes[...], []) { (channels) throws(ImageFileError) in
      try writer.append(rows: 0..<image.height, channels: channels, step: 1)
    }
    return try writer.finish()
  }

  /// Its size, channels and alpha, in light.
  private var layout: SampleLayout {
    var layout = SampleLayout(
      width: image.width, height: image.height, channels: image.planes.count, type: .float, transfer: .linear)
    (layout.alphaIndex, layout.alphaIsAssociated) = (image.alphaIndex, image.alphaIsAssociated)
    return layout
  }
}

/// Calls `body` with pointers to `found` and to the first values of `planes`, valid until it returns.
private func withPointers(
  _ planes: ArraySlice<Plane<Float>>, _ found: [UnsafePointer<Float>],
  _ body: ([UnsafePointer<Float>]) throws(ImageFileError) -> Void
) throws(ImageFileError) {
  guard let plane = planes.first else { return try body(found) }
  try plane.values.withUnsafeBufferPointer { (values) throws(ImageFileError) in
    guard let base = values.baseAddress else { return }
    try withPointers(planes.dropFirst(), found + [base], body)
  }
}
