import FewtapCore

extension Image {
  /// The image of the same size and channels that `filter` makes of this one, plane by plane.
  func filtered(
    _ filter: (SourceImage, TargetImage) throws(ApplyError) -> Void
  ) throws(ApplyError) -> Image {
    let filtered = try planes(planes.count, filter)
    return Image(sameSizePlanes: filtered, alphaIndex: alphaIndex, alphaIsAssociated: alphaIsAssociated)
  }

  /// Calls `body` with the image's pixels.
  func withPixels<Result>(_ body: (SourceImage) throws(ApplyError) -> Result) throws(ApplyError) -> Result {
    let (width, height) = (width, height)
    return try planes.withPointers { inputs in
      Swift.Result { () throws(ApplyError) in
        try body(SourceImage(planes: inputs, width: width, height: height, rowStride: width))
      }
    }.get()
  }

  /// `count` planes of the same size that `make` makes of this image.
  func planes(
    _ count: Int, _ make: (SourceImage, TargetImage) throws(ApplyError) -> Void
  ) throws(ApplyError) -> [Plane<Float>] {
    let (width, height) = (width, height)
    var failure: ApplyError?
    let made = planes.withPointers { inputs in
      Self.makePlanes(count, width: width, height: height) { outputs in
        do throws(ApplyError) {
          try make(
            SourceImage(planes: inputs, width: width, height: height, rowStride: width),
            TargetImage(planes: outputs, height: height, rowStride: width))
        } catch {
          failure = error
        }
      }
    }
    if let failure { throw failure }
    return made
  }

  /// `count` planes whose numbers `fill` writes.
  private static func makePlanes(
    _ count: Int, width: Int, height: Int, _ pointers: [UnsafeMutablePointer<Float>] = [],
    fill: ([UnsafeMutablePointer<Float>]) -> Void
  ) -> [Plane<Float>] {
    guard pointers.count < count else {
      fill(pointers)
      return []
    }
    var rest: [Plane<Float>] = []
    let values = [Float](unsafeUninitializedCapacity: width * height) { values, initialized in
      guard let address = values.baseAddress else { return }
      askForLargePages(address, byteCount: values.count * MemoryLayout<Float>.stride)
      rest = makePlanes(count, width: width, height: height, pointers + [address], fill: fill)
      initialized = width * height
    }
    return [Plane(width: width, height: height, exactly: values)] + rest
  }
}

extension [Plane<Float>] {
  /// Calls `body` with the address of each plane's numbers.
  func withPointers<Result>(
    _ pointers: [UnsafePointer<Float>] = [], _ body: ([UnsafePointer<Float>]) -> Result
  ) -> Result {
    guard pointers.count < count else { return body(pointers) }
    return self[pointers.count].values.withUnsafeBufferPointer { values in
      withPointers(pointers + [values.baseAddress!], body)
    }
  }
}
