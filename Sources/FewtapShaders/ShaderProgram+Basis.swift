import FewtapCore

extension ShaderProgram {
  /// The passes of a basis: one from parameters to knot coordinates, then those of its operator.
  ///
  /// Offsets: one pass a layer. Outputs: the image's levels, the layers of the knots at lower rates and of chains, and a last pass that
  ///          sums the outputs of the knots around each pixel, of single layers at the image's rate by their taps.
  /// Accuracy: with fetches and floats as ``ReferenceVarying`` of FewtapEngine has it in the gather direction, to Float's rounding; held by
  ///           FewtapShadersTests.
  /// Throws: ``ShaderError``.
  public init(_ basis: FilterBasis, options: ShaderOptions = ShaderOptions()) throws(ShaderError) {
    do { try basis.checkInvariants() } catch { throw .filter(error) }
    guard options.constants == .automatic || options.constants == .texture else { throw .constants(options.constants) }
    let points = basis.axes.reduce(0) { $0 + $1.points.count }
    guard points <= ShaderLimits.curvePoints else {
      throw .table(what: "points of the ways to knots", count: points, limit: ShaderLimits.curvePoints)
    }
    var builder = try ProgramBuilder(options)
    let finish = try basis.finish(options)
    builder.coordinates(basis.axes)
    if options.border == .normalized {
      try builder.basis(basis, from: builder.maskSource, prefix: "mask_", to: ProgramBuilder.mask, finish: nil)
    }
    try builder.basis(basis, from: builder.imageSource, prefix: "", to: ProgramBuilder.output, finish: finish)
    let knots = basis.shape.map(String.init).joined(separator: " x ")
    self = builder.program(
      title: "\(basis.family ?? "a basis"), \(knots) knots, interpolated \(basis.interpolation.rawValue)",
      figures: basis.fit?.figures ?? [])
  }
}

extension FilterBasis {
  /// What makes results of sums. The engine's rules: coverage has a scale, and a normalized border something to divide by, only where
  /// all filters have one sum.
  fileprivate func finish(_ options: ShaderOptions) throws(ShaderError) -> Finish {
    let sums = FilterSums(self)
    if options.border == .normalized {
      if sums.cancels { throw .zeroSumNormalized(sum: sums.common ?? sums.each[0]) }
      guard sums.common != nil else { throw .sumsDiffer(sums.each) }
    }
    var finish = Finish(dividesByShare: options.border == .normalized)
    guard options.alpha != .none else { return finish }
    if sums.cancels {
      finish.alpha = .of(options, scale: nil)
      return finish
    }
    guard let sum = sums.common else { throw .sumsDiffer(sums.each) }
    finish.alpha = .of(options, scale: 1 / sum)
    return finish
  }
}

extension ProgramBuilder {
  static let coordinates = "coordinates"

  /// Adds the pass from parameters to knot coordinates. They need all of a float's digits, whatever the pixels have.
  fileprivate mutating func coordinates(_ axes: [KnotAxis]) {
    add(
      ShaderTexture(
        name: Self.parameters, role: .parameters, x: .image, y: .image, layers: nil, format: .float))
    let source = Source(texture: Self.parameters, area: .image, reading: nil, dependsOn: .parameters)
    _ = pass(
      Self.coordinates, .coordinates(axes.map { KnotCurve($0) }), from: source, to: Self.coordinates, area: .image,
      format: .float)
  }

  fileprivate mutating func basis(
    _ basis: FilterBasis, from source: Source, prefix: String, to target: String, finish: Finish?
  ) throws(ShaderError) {
    switch basis.interpolation {
    case .offsets: try offsets(basis, from: source, prefix: prefix, to: target, finish: finish)
    case .outputs: try outputs(basis, from: source, prefix: prefix, to: target, finish: finish)
    }
  }

  // MARK: Offsets

  private mutating func offsets(
    _ basis: FilterBasis, from source: Source, prefix: String, to target: String, finish: Finish?
  ) throws(ShaderError) {
    let count = basis.filters[0].chain.layers.count
    var areas = [TexelArea.image]
    for layer in (1..<max(count, 1)).reversed() {
      areas.append(areas[areas.count - 1].read(by: basis.coveredBounds(layer)))
    }
    var plane = source
    for layer in 0..<count {
      let (name, area, isLast) = ("\(prefix)layer\(layer + 1)", areas[count - 1 - layer], layer == count - 1)
      if options.sampling == .hardware, hardware(plane) == nil {
        plane = extended(plane, to: area.read(by: basis.coveredBounds(layer)), name: "\(prefix)extend")
      }
      let gains = basis.filters.map(\.gain)
      // Kernels' sums, which gains are, differ by rounding: a fetch a pixel for less than a float tells apart is none.
      let gainVaries = gains.contains { abs($0 - gains[0]) > 0x1p-26 * abs(gains[0]) }
      let taps = basis.filters[0].chain.layers[layer].taps.count
      let table = try table(
        "layer\(layer + 1)_taps",
        basis.filters.flatMap { filter in
          filter.chain.layers[layer].taps.flatMap {
            [-$0.x, -$0.y, isLast && !gainVaries ? $0.weight * filter.gain : $0.weight, filter.gain]
          }
        }, width: taps, height: basis.filters.count)
      var sum = VaryingSum(
        grid: KnotGrid(shape: basis.shape, origin: PixelOffset(x: area.x.origin, y: area.y.origin)), table: table,
        taps: taps,
        base: PixelOffset(x: area.x.origin - plane.area.x.origin, y: area.y.origin - plane.area.y.origin),
        appliesGain: isLast && gainVaries, meaning: "layer \(layer + 1) of \(count)")
      if options.usesTile, hardware(plane) == nil {
        sum.tile = SharedTile(readsWithin: basis.coveredBounds(layer).flipped, of: sum)
      }
      plane = pass(
        name, .varyingSum(sum), from: plane, linear: hardware(plane),
        inputs: [Self.coordinates, table] + (isLast ? finishInputs(finish) : []), to: isLast ? target : name,
        area: area,
        finish: isLast ? finish : nil, dependsOn: .parameters)
    }
  }
}

extension OffsetBounds {
  /// Where taps of these offsets read.
  fileprivate var flipped: OffsetBounds { OffsetBounds(minX: -maxX, maxX: -minX, minY: -maxY, maxY: -minY) }
}

extension FilterBasis {
  /// The offsets that a texture must cover for a layer's taps, at any mixture of the knots': what rounding adds to interpolated
  /// offsets may touch one texel more.
  fileprivate func coveredBounds(_ layer: Int) -> OffsetBounds {
    filters.dropFirst().reduce(filters[0].chain.layers[layer].bounds) { $0.union($1.chain.layers[layer].bounds) }
      .sum(OffsetBounds(minX: -2, maxX: 2, minY: -2, maxY: 2))
  }
}
