import FewtapCore

/// A chain of integer-tap layers over whole images: one filter for every pixel.
///
/// `Float` runs fitted chains, `Double` runs dense kernels as truth: one code path, so their borders and alpha agree.
struct UniformApply<Scalar: BinaryFloatingPoint & SIMDScalar & Sendable>: Sendable {
  /// One sparse convolution, in the order in which its products are added.
  struct Layer: Sendable {
    var taps: [(x: Int, y: Int, weight: Scalar)]
    var bounds: OffsetBounds
  }

  /// Most bytes that one thread may hold for a band: 1 GiB. Two layers that each reach 512 pixels, the largest kernel's
  /// radius, on an image 16384 pixels wide take a fifth of it: (2048 + 1024) rows of 18432 Floats.
  static var workingSetLimit: Int { 1 << 30 }

  let layers: [Layer]
  /// What the filter does to a constant 1.
  let sum: Double
  /// `sum|w|` of the layers, multiplied: what `sum` is small against when weights cancel.
  let noiseGain: Double

  /// True if the weights cancel: what is left of their sum is less than 2^-10 of their magnitudes, so that dividing by it
  /// would cost ten of Float's 24 bits.
  var cancels: Bool { abs(sum) <= 0x1p-10 * noiseGain }

  /// The filtered image; ``AlphaRule`` and ``BorderNormalization`` say how alpha and normalized borders go.
  func apply(to image: Image, options: ApplyOptions) throws(ApplyError) -> Image {
    var admitted: [Plane<Scalar>] = []
    for (channel, plane) in image.planes.enumerated() {
      try plane.check(channel: channel)
      admitted.append(Self.converted(try options.nonfinite.admit(plane, channel: channel)))
    }
    if case .constant(let value) = options.border, !value.isFinite { throw .nonFiniteBorder(value) }
    if options.border == .normalized && cancels { throw .zeroSumNormalized(sum: sum) }

    let alpha = image.alphaIndex
    let keepsAlpha = alpha != nil && cancels
    let (width, height) = (image.width, image.height)
    let bandHeight = try bandHeight(width: width, height: height, options: options)
    let passes = image.planes.count - (keepsAlpha ? 1 : 0) + (options.border == .normalized ? 1 : 0)
    let counter = BandCounter(total: passes * Self.bandCount(height, bandHeight), options: options)
    func filtered(_ plane: Plane<Scalar>, _ border: BorderRule) throws(ApplyError) -> Plane<Scalar> {
      try run(plane, border: border, bandHeight: bandHeight, threads: options.threads, counter: counter)
    }

    var results: [Plane<Scalar>] = []
    for (channel, var plane) in admitted.enumerated() {
      if let alpha, channel != alpha {
        if !image.alphaIsAssociated { AlphaRule.premultiply(&plane, by: admitted[alpha]) }
        results.append(try filtered(plane, AlphaRule.premultiplied(options.border)))
      } else {
        results.append(channel == alpha && keepsAlpha ? plane : try filtered(plane, options.border))
      }
    }
    if options.border == .normalized {
      let ones = try filtered(Plane(width: width, height: height, repeating: 1), .normalized)
      for channel in results.indices { BorderNormalization.divide(&results[channel], byFilteredOnes: ones, sum: sum) }
    }
    if let alpha {
      if !keepsAlpha {
        let scale = Scalar(1 / sum)
        for index in 0..<results[alpha].values.count { results[alpha].values[index] *= scale }
      }
      for channel in results.indices where channel != alpha && !image.alphaIsAssociated {
        AlphaRule.unpremultiply(&results[channel], by: results[alpha])
      }
    }
    return Image(
      sameSizePlanes: results.map(Self.rounded), alphaIndex: alpha, alphaIsAssociated: image.alphaIsAssociated)
  }

  /// The filtered plane: an image of one channel without alpha.
  func apply(toPlane plane: Plane<Float>, options: ApplyOptions) throws(ApplyError) -> Plane<Float> {
    try apply(to: Image(sameSizePlanes: [plane]), options: options).planes[0]
  }

  // MARK: One plane

  /// The layers over one plane, in bands of rows.
  private func run(
    _ plane: Plane<Scalar>, border: BorderRule, bandHeight: Int, threads: Int, counter: BandCounter
  ) throws(ApplyError) -> Plane<Scalar> {
    let (width, height) = (plane.width, plane.height)
    let bands = Self.bandCount(height, bandHeight)
    var result = Plane<Scalar>(width: width, height: height)
    plane.values.withUnsafeBufferPointer { input in
      result.values.withUnsafeMutableBufferPointer { output in
        // Bands write rows of their own, and only read the input.
        nonisolated(unsafe) let (input, output) = (input, output)
        parallelForEach(count: bands, threads: threads) { band in
          guard !counter.isCancelled else { return }
          let rows = band * bandHeight..<min((band + 1) * bandHeight, height)
          BandRun(layers: layers, border: border, width: width, height: height, rows: rows)
            .run(from: input, to: output)
          counter.bandDone()
        }
      }
    }
    if counter.isCancelled { throw .cancelled }
    return result
  }

  // MARK: Bands

  /// Rows a band: each layer but the last is computed on the halo of those after it too, once a band, so bands are four
  /// times that halo (a quarter of extra work), 32 at least; fewer if threads would idle or 64 MiB be passed.
  ///
  /// Throws: ``ApplyError/workingSet(bytes:limit:)`` if a band of one row is too much.
  private func bandHeight(width: Int, height: Int, options: ApplyOptions) throws(ApplyError) -> Int {
    let haloRows = layers.dropFirst().reduce(0) { $0 + $1.bounds.height - 1 }
    let share = height / max(1, min(options.threads, height))
    var rows = min(max(32, 4 * haloRows), max(16, share), height)
    if let chosen = options.bandHeight { rows = min(max(1, chosen), height) }
    func bytes(_ rows: Int) -> Int {
      BandRun(layers: layers, border: options.border, width: width, height: height, rows: 0..<rows).byteCount
    }
    while rows > 1 && bytes(rows) > 64 << 20 { rows /= 2 }
    let needed = bytes(rows)
    guard needed <= Self.workingSetLimit else { throw .workingSet(bytes: needed, limit: Self.workingSetLimit) }
    return rows
  }

  private static func bandCount(_ height: Int, _ bandHeight: Int) -> Int { (height + bandHeight - 1) / bandHeight }

  // MARK: Conversions

  private static func converted(_ plane: Plane<Float>) -> Plane<Scalar> {
    if let same = plane as? Plane<Scalar> { return same }
    var result = Plane<Scalar>(width: plane.width, height: plane.height)
    for index in 0..<plane.values.count { result.values[index] = Scalar(plane.values[index]) }
    return result
  }

  private static func rounded(_ plane: Plane<Scalar>) -> Plane<Float> {
    if let same = plane as? Plane<Float> { return same }
    var result = Plane<Float>(width: plane.width, height: plane.height)
    for index in 0..<plane.values.count { result.values[index] = Float(plane.values[index]) }
    return result
  }
}
