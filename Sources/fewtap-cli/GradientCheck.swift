import Fewtap

/// Holds a plan's gradients to the reference, where a loss looks at a crop from the middle of an image; and those of a loss that looks
/// at all of it to what the filter itself gives.
struct GradientCheck {
  let plan: ApplyPlan
  let name: String
  let options: ApplyOptions

  /// Pixels along each axis of the crop.
  private static let side = 24

  /// Throws: ``Failure`` for the first figure that is further from what it should be than rounding allows.
  func check(_ image: Image, _ cotangent: Image) throws {
    try checkCrop(image.planes[0], cotangent.planes[0])
    try checkWhole(image, cotangent)
  }

  /// A linear map and its adjoint: `<A x, c> = <x, A^T c> = gain dL/dgain`, for a border that has no constant.
  private func checkWhole(_ image: Image, _ cotangent: Image) throws {
    let gradient = try plan.pullback(of: cotangent, at: image, options: options)
    let result = try plan.apply(to: image, options: options)
    func dot(_ a: Image, _ b: Image) -> Double {
      zip(a.planes, b.planes).reduce(0) { sum, planes in
        zip(planes.0.values, planes.1.values).reduce(sum) { $0 + Double($1.0) * Double($1.1) }
      }
    }
    let size = cotangent.planes.reduce(0) { $0 + $1.values.reduce(0) { $0 + Double(abs($1)) } }
    let forward = dot(result, cotangent)
    try require("<A x, c>", gradient.input.map { dot(image, $0) } ?? .nan, forward, within: 2 * bound * size)
    try require(
      "the gain's gradient", (gradient.filter?.gain ?? .nan) * plan.filter.gain, forward, within: 2 * bound * size)
  }

  private func checkCrop(_ image: Plane<Float>, _ cotangent: Plane<Float>) throws {
    let (filter, width, height) = (plan.filter, image.width, image.height)
    let factor = filter.rate?.factor ?? 1
    let (columns, rows) = (inner(width), inner(height))
    // Room for all that the crop reads, and for what a tap that moves reads next; low-rate pixels are counted from the corner.
    let margin = filter.bounds.reach + factor * (filter.chain.layers.count + 1)
    let (left, top) = (
      max(0, columns.lowerBound - margin) / factor * factor, max(0, rows.lowerBound - margin) / factor * factor
    )
    let (right, bottom) = (min(width, columns.upperBound + margin), min(height, rows.upperBound + margin))
    var whole = Plane<Float>(width: width, height: height)
    var (part, given) = (
      Plane<Double>(width: right - left, height: bottom - top), Plane<Double>(width: right - left, height: bottom - top)
    )
    for y in rows {
      for x in columns {
        whole[x, y] = cotangent[x, y]
        given[x - left, y - top] = Double(cotangent[x, y])
      }
    }
    for y in top..<bottom { for x in left..<right { part[x - left, y - top] = Double(image[x, y]) } }
    let found = try plan.pullback(
      of: Image(sameSizePlanes: [whole]), at: Image(sameSizePlanes: [image]), options: options)
    let expected = try ReferenceGradient.pullback(of: given, at: part, through: filter)
    // A pixel of the image is 1 at most, so no more than this can come to a weight; an offset has four such terms.
    let size = given.values.reduce(0) { $0 + abs($1) }
    try require(
      "the gain's gradient", found.filter?.gain, expected.filter.gain, within: growth * filter.chain.noiseGain * size)
    for (l, layer) in filter.chain.layers.enumerated() {
      let rest =
        growth * abs(filter.gain) * size
        * filter.chain.layers.enumerated().reduce(1) { $1.offset == l ? $0 : $0 * $1.element.absoluteSum }
      for (i, tap) in layer.taps.enumerated() {
        let (a, b) = (found.filter?.layers[l][i], expected.filter.layers[l][i])
        let place = "layers[\(l)][\(i)]"
        try require("the gradient of the weight of \(place)", a?.weight, b.weight, within: rest)
        try require("the gradient of x of \(place)", a?.x, b.x, within: 4 * rest * abs(tap.weight))
        try require("the gradient of y of \(place)", a?.y, b.y, within: 4 * rest * abs(tap.weight))
      }
    }
    // Away from the image's border, to which what lies around it is folded.
    for y in rows {
      for x in columns {
        try require(
          "the input's gradient at (\(x), \(y))", found.input.map { Double($0.planes[0][x, y]) },
          expected.input[x - left, y - top], within: bound)
      }
    }
  }

  private func require(_ what: String, _ found: Double?, _ expected: Double?, within bound: Double) throws {
    if found == nil && expected == nil { return }
    guard let found, let expected, abs(found - expected) <= bound else {
      throw Failure(
        "\(name): \(what) is \(found.map { "\($0)" } ?? "missing") where the reference has "
          + "\(expected.map { "\($0)" } ?? "nothing"): a defect of fewtap, please report it")
    }
  }

  private func inner(_ length: Int) -> Range<Int> {
    let start = max(0, (length - Self.side) / 2)
    return start..<min(length, start + Self.side)
  }

  /// What numbers of at most 1 are off by after the filter, or its adjoint.
  private var bound: Double { growth * plan.filter.chain.noiseGain * abs(plan.filter.gain) }

  /// `gamma_N`, N the roundings on a path through the filter and back, and in a sum of products: an addition, a product and a stored
  /// weight for every weight, and the pixels of 16 rows, which may all be in one lane.
  private var growth: Double {
    let filter = plan.filter
    let weights = filter.chain.layers.reduce(0) { $0 + $1.mergedIntegerTaps().count + 3 }
    let resampling =
      filter.rate.map { 2 * ($0.prefilterWeights.values.count + $0.interpolatorWeights.values.count + 6) } ?? 0
    return Double(2 * (weights + resampling) + 16 * (plan.width + filter.bounds.width)) * 0x1p-24
  }
}
