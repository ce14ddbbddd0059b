import Fewtap

// The figures of a filter that several commands tell, each in the same words and under the same keys.

extension SparseFilter {
  /// Taps and multiply-adds; `dense` is what the kernel itself costs, nil if that is unknown.
  func costJSON(dense: Int?) -> [(String, JSON)] {
    [
      ("tapModel", .string(chain.model.rawValue)), ("layout", .array(chain.layout.map { .integer($0) })),
      ("taps", .integer(chain.tapCount)), ("rate", rate?.json ?? .null),
      ("multiplyAdds", .integer(chain.multiplyAddCount)), ("multiplyAddsPerPixel", .number(multiplyAddsPerPixel)),
      ("denseMultiplyAdds", dense.map { .integer($0) } ?? .null),
    ]
  }

  /// The same as lines.
  func costRows(dense: Int?) -> [(label: String, value: String)] {
    let layout = chain.layout.map(String.init).joined(separator: ",")
    let against = dense.map { " (the dense kernel: \($0))" } ?? ""
    let layers = (label: "layers", value: "\(layout): \(chain.tapCount) \(chain.model.rawValue) taps")
    guard let rate else {
      return [layers, ("multiply-adds", "\(chain.multiplyAddCount) a pixel and channel\(against)")]
    }
    return [
      layers,
      (
        "rate",
        "1/\(rate.factor) along each axis, \(rate.prefilter.rawValue) before, \(rate.interpolator.rawValue) after"
      ),
      (
        "multiply-adds",
        "\(fixed(multiplyAddsPerPixel, 1)) a pixel and channel\(against): \(chain.multiplyAddCount) a low-rate pixel, "
          + "\(fixed(rate.multiplyAddsPerPixel, 1)) for the change of rate"
      ),
    ]
  }

  /// Multiply-adds a pixel of the image and channel, the change of rate included.
  var multiplyAddsPerPixel: Double {
    guard let rate else { return Double(chain.multiplyAddCount) }
    return Double(chain.multiplyAddCount) / Double(rate.factor * rate.factor) + rate.multiplyAddsPerPixel
  }
}

/// How large a filter's error is.
struct ErrorFigures {
  let photoPSNR: Double
  let worstPhotoPSNR: Double
  let relativeError: Double
  /// nil at the image's own rate.
  let flicker: Double?

  init(_ accuracy: FilterAccuracy, of filter: SparseFilter) {
    flicker = filter.rate == nil ? nil : accuracy.flicker
    (photoPSNR, worstPhotoPSNR, relativeError) = (accuracy.photo.mean, accuracy.photo.worst, accuracy.relativeError)
  }

  init(_ fit: FitRecord) {
    flicker = fit.flicker
    (photoPSNR, worstPhotoPSNR, relativeError) = (fit.photoPSNR, fit.worstPhotoPSNR, fit.relativeError)
  }

  /// The figures' fields; null where they are unknown.
  static func json(_ figures: ErrorFigures?) -> [(String, JSON)] {
    [
      ("photoPSNR", .number(figures?.photoPSNR)), ("worstPhotoPSNR", .number(figures?.worstPhotoPSNR)),
      ("relativeError", .number(figures?.relativeError)), ("flicker", .number(figures?.flicker)),
    ]
  }

  var rows: [(label: String, value: String)] {
    [
      (
        "photo PSNR",
        "\(fixed(photoPSNR, 2)) dB mean, \(fixed(worstPhotoPSNR, 2)) dB worst, predicted on reference photographs"
      ),
      (
        "relative error",
        "\(significant(relativeError)) of the kernel itself"
          + (flicker == nil ? "" : ", at the worst phase of its rate")
      ),
    ]
      + (flicker.map { [("flicker", "\(significant($0)) of the kernel, as a point of light moves over the pixels")] }
        ?? [])
  }
}

extension Resampling {
  var json: JSON {
    .object([
      ("factor", .integer(factor)), ("prefilter", .string(prefilter.rawValue)),
      ("interpolator", .string(interpolator.rawValue)),
    ])
  }

  /// Multiply-adds a pixel of the image for prefilter and interpolator, each along one axis after the other: columns first on
  /// the way down, last on the way up.
  var multiplyAddsPerPixel: Double {
    let (down, up) = (Double(prefilterWeights.values.count), Double(interpolator.boxes))
    return (down + up) / Double(factor) + down / Double(factor * factor) + up
  }
}

extension KernelReference {
  var json: JSON {
    .object([
      ("name", .string(name)), ("width", .integer(width)), ("height", .integer(height)),
      ("center", .array([.integer(center.x), .integer(center.y)])), ("sha256", .string(sha256)),
    ])
  }
}
