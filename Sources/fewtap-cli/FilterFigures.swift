import Fewtap

// The figures of a filter that several commands tell, each in the same words and under the same keys.

extension SparseFilter {
  /// Taps and multiply-adds; `dense` is what the kernel itself costs, nil if that is unknown.
  func costJSON(dense: Int?) -> [(String, JSON)] {
    [
      ("tapModel", .string(chain.model.rawValue)), ("layout", .array(chain.layout.map { .integer($0) })),
      ("taps", .integer(chain.tapCount)), ("multiplyAdds", .integer(chain.multiplyAddCount)),
      ("denseMultiplyAdds", dense.map { .integer($0) } ?? .null),
    ]
  }

  /// The same as lines.
  func costRows(dense: Int?) -> [(label: String, value: String)] {
    let layout = chain.layout.map(String.init).joined(separator: ",")
    let against = dense.map { " (the dense kernel: \($0))" } ?? ""
    return [
      ("layers", "\(layout): \(chain.tapCount) \(chain.model.rawValue) taps"),
      ("multiply-adds", "\(chain.multiplyAddCount) a pixel and channel\(against)"),
    ]
  }
}

/// How large a filter's error is.
struct ErrorFigures {
  let photoPSNR: Double
  let worstPhotoPSNR: Double
  let relativeError: Double

  init(_ accuracy: FilterAccuracy) {
    (photoPSNR, worstPhotoPSNR, relativeError) = (accuracy.photo.mean, accuracy.photo.worst, accuracy.relativeError)
  }

  init(_ fit: FitRecord) {
    (photoPSNR, worstPhotoPSNR, relativeError) = (fit.photoPSNR, fit.worstPhotoPSNR, fit.relativeError)
  }

  /// The figures' fields; null where they are unknown.
  static func json(_ figures: ErrorFigures?) -> [(String, JSON)] {
    [
      ("photoPSNR", .number(figures?.photoPSNR)), ("worstPhotoPSNR", .number(figures?.worstPhotoPSNR)),
      ("relativeError", .number(figures?.relativeError)),
    ]
  }

  var rows: [(label: String, value: String)] {
    [
      (
        "photo PSNR",
        "\(fixed(photoPSNR, 2)) dB mean, \(fixed(worstPhotoPSNR, 2)) dB worst, predicted on reference photographs"
      ),
      ("relative error", "\(significant(relativeError)) of the kernel itself"),
    ]
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
