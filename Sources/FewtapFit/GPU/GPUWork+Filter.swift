import FewtapCore

extension GPUWork {
  /// What `fewtap export` makes of a filter with hardware bilinear reads: `ShaderProgram.work` of FewtapShaders says the same of the text.
  ///
  /// The border must be one that the texture unit has; others cost a pass more.
  public init(_ filter: SparseFilter, format: TexelFormat = .half) {
    self.init(rate: filter.rate, taps: filter.withPairedTaps().chain.layout, format: format)
  }

  /// The same of layers of so many taps, as they are after pairing.
  init(rate: Resampling?, taps: [Int], format: TexelFormat = .half) {
    self.init()
    let bytes = format.bytes
    guard let rate else {
      for count in taps { add(written: 1, fetches: Double(count), read: 1, bytesPerTexel: bytes) }
      return
    }
    let (along, area) = (1 / Double(rate.factor), 1 / Double(rate.factor * rate.factor))
    // Two weights a fetch, along one axis and then the other.
    let weights = Double((rate.prefilterWeights.values.count + 1) / 2)
    add(written: along, fetches: weights, read: 1, bytesPerTexel: bytes)
    add(written: area, fetches: weights, read: along, bytesPerTexel: bytes)
    for count in taps { add(written: area, fetches: Double(count), read: area, bytesPerTexel: bytes) }
    // An output pixel sees one low-rate pixel for each box of the interpolator, along each axis; again two a fetch.
    let side = Double((rate.interpolator.boxes + 1) / 2)
    add(written: 1, fetches: side * side, read: area, bytesPerTexel: bytes)
  }
}

extension GPUWork {
  /// What `fewtap export` makes of a basis of interpolated offsets with layers of so many taps, over so many parameters.
  ///
  /// A tap is read from the rows of the knots around, and then from the image. Tables stay in caches.
  package init(offsetsOver axes: Int, taps: [Int], format: TexelFormat = .half) {
    let (knots, floats) = (Double(1 << axes), TexelFormat.float.bytes)
    // Parameters, and the knot coordinates that are made of them, are floats.
    self.init()
    add(written: 1, fetches: 1, read: 1, bytesPerTexel: floats)
    for count in taps {
      add(written: 1, fetches: 1 + Double(count) * (1 + knots), read: 1, bytesPerTexel: format.bytes)
      bytes += Double(floats)
    }
  }
}
