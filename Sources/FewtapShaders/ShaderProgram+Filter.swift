import FewtapCore

extension ShaderProgram {
  /// The passes of a filter: at the image's rate one a layer; at a lower one two of decimation before them and one of interpolation
  /// after them.
  ///
  /// Accuracy: with fetches and floats as ``ReferenceApply`` of FewtapEngine has it, to Float's rounding; held by FewtapShadersTests.
  /// Throws: ``ShaderError``.
  public init(_ filter: SparseFilter, options: ShaderOptions = ShaderOptions()) throws(ShaderError) {
    do { try filter.checkInvariants() } catch { throw .filter(error) }
    var builder = try ProgramBuilder(options)
    let sum = filter.chain.sum * filter.gain
    let cancels = abs(sum) <= 0x1p-10 * filter.chain.noiseGain * abs(filter.gain)
    if options.border == .normalized {
      guard !cancels else { throw .zeroSumNormalized(sum: sum) }
      try builder.filter(filter, from: builder.maskSource, prefix: "mask_", to: ProgramBuilder.mask, finish: nil)
    }
    try builder.filter(
      filter, from: builder.imageSource, prefix: "", to: ProgramBuilder.output,
      finish: Finish(
        dividesByShare: options.border == .normalized,
        alpha: .of(options, scale: cancels ? nil : 1 / sum)))
    self = builder.program(title: Self.title(filter), figures: filter.fit?.figures ?? [])
  }

  private static func title(_ filter: SparseFilter) -> String {
    let rate = filter.rate.map { "at 1 in \($0.factor) of the rate" } ?? "at full rate"
    return "\(filter.kernel?.name ?? "a filter"), \(filter.chain.tapCount) taps \(rate)"
  }
}

extension FitRecord {
  /// What the fit measured, in words.
  fileprivate var figures: [String] {
    [
      "Predicted on photographs: \(decibels(photoPSNR)) dB, the worst of them \(decibels(worstPhotoPSNR)) dB",
      "Relative error of the kernel: \(Float(relativeError))", "Noise gain: \(Float(noiseGain))",
    ] + (flicker.map { ["Flicker between phases: \(Float($0))"] } ?? [])
  }
}

extension BasisRecord {
  /// What the fit measured between the knots, in words.
  var figures: [String] {
    let place = worstAt.map { "\(Float($0))" }.joined(separator: ", ")
    return [
      "Predicted on photographs between knots: \(decibels(photoPSNR)) dB, the worst \(decibels(worstPhotoPSNR)) dB at \(place)",
      "Largest relative error of a kernel: \(Float(relativeError))", "Largest noise gain: \(Float(noiseGain))",
    ]
  }
}

/// A level with one digit after the point.
private func decibels(_ value: Double) -> String {
  guard abs(value) < 1e6 else { return "\(value)" }
  return "\((value * 10).rounded() / 10)"
}

extension Finish.Alpha {
  /// What the options make of alpha, given what scales it; nil where weights cancel.
  static func of(_ options: ShaderOptions, scale: Double?) -> Finish.Alpha {
    guard options.alpha != .none else { return .none }
    let straight = options.alpha == .straight
    return scale.map { .scaled($0, straight: straight) } ?? .kept(straight: straight)
  }
}

extension ProgramBuilder {
  /// Adds the passes of a filter; the last one writes `target` of the image's size.
  mutating func filter(
    _ filter: SparseFilter, from source: Source, prefix: String, to target: String, finish: Finish?
  ) throws(ShaderError) {
    let layers = filter.layersWithGain
    guard let rate = filter.rate else {
      _ = try chain(layers, from: source, prefix: prefix, to: target, area: .image, finish: finish)
      return
    }
    let low = rate.lowArea
    var area = low
    for layer in layers.reversed() { area = area.read(by: layer.coveredBounds) }
    var plane = decimation(
      rate.prefilterWeights, factor: rate.factor, from: source, prefix: prefix, to: "\(prefix)low", area: area)
    plane = try chain(layers, from: plane, prefix: prefix, to: "\(prefix)layer\(layers.count)", area: low, finish: nil)
    var phases = PhaseWeights(rate, low: plane.area)
    phases.tile = options.usesTile ? SharedTile(phases) : nil
    _ = pass(
      "\(prefix)interpolate", .interpolation(phases), from: plane, linear: options.pairs ? hardware(plane) : nil,
      inputs: finishInputs(finish), to: target, area: .image, finish: finish)
  }

  /// What a finish reads besides.
  func finishInputs(_ finish: Finish?) -> [String] {
    var inputs: [String] = []
    if finish?.dividesByShare == true { inputs.append(Self.mask) }
    if case .kept = finish?.alpha { inputs.append(Self.image) }
    return inputs
  }

  /// Adds a pass a layer; the last one writes `target`.
  mutating func chain(
    _ layers: [TapLayer], from source: Source, prefix: String, to target: String, layer targetLayer: Int? = nil,
    area: TexelArea, finish: Finish?
  ) throws(ShaderError) -> Source {
    let layers = layers.enumerated().map { paired($1, of: $0 == 0 ? source : nil) }
    // What each layer's result must cover, the last one's first.
    var areas = [area]
    for layer in layers.dropFirst().reversed() { areas.append(areas[areas.count - 1].read(by: layer.coveredBounds)) }
    var plane = source
    for (index, layer) in layers.enumerated() {
      let (name, area) = ("\(prefix)layer\(index + 1)", areas[layers.count - 1 - index])
      var sum = TapSum(
        reads: Self.reads(layer, scale: 1, of: plane.area, for: area), meaning: "layer \(index + 1) of \(layers.count)")
      if options.sampling == .hardware, !sum.isWhole, hardware(plane) == nil {
        // The border's rule and alpha are done once a pixel; the texture unit can read what comes of that.
        plane = extended(plane, to: area.read(by: layer.coveredBounds), name: "\(prefix)extend")
        sum.reads = Self.reads(layer, scale: 1, of: plane.area, for: area)
      }
      try check(sum.reads, pass: name)
      sum.storage = try storage(sum.reads, pass: name)
      var inputs: [String] = []
      if case .texture(let table, _) = sum.storage { inputs = [table] }
      let linear = sum.isWhole ? nil : hardware(plane)
      if linear == nil { sum.tile = options.usesTile ? SharedTile(sum) : nil }
      let isLast = index == layers.count - 1
      plane = pass(
        name, .tapSum(sum), from: plane, linear: linear,
        inputs: inputs + (isLast ? finishInputs(finish) : []), to: isLast ? target : name,
        layer: isLast ? targetLayer : nil, area: area, finish: isLast ? finish : nil)
    }
    return plane
  }

  /// The layer with its taps paired where that saves more than it costs; `source` is what it reads, nil for what a pass made.
  private func paired(_ layer: TapLayer, of source: Source?) -> TapLayer {
    guard options.pairs, layer.isWhole else { return layer }
    let paired = layer.withPairedTaps()
    let needsExtension = source.map { hardware($0) == nil } ?? false
    let saved = layer.taps.count - paired.taps.count
    return saved > (needsExtension ? ShaderLimits.fetchesOfExtension : 0) ? paired : layer
  }

  /// Adds a pass that makes of the image a plane over `area`.
  mutating func extended(_ source: Source, to area: TexelArea, name: String) -> Source {
    pass(
      name, .extend(origin: PixelOffset(x: area.x.origin, y: area.y.origin)), from: source, to: name, area: area)
  }

  /// Adds the two passes of a decimation by `factor` source texels, columns first.
  ///
  /// Equation: `low[m] = sum_k a[k] x[D m - k]` along each axis.
  mutating func decimation(
    _ a: Resampling.Weights, factor: Int, from source: Source, prefix: String, to target: String, area: TexelArea
  ) -> Source {
    let between = TexelArea(x: area.x, y: area.y.decimated(by: a, factor: factor))
    func reads(from source: Source, _ place: (_ offset: Int) -> (x: Int, y: Int)) -> [TapSum.Read] {
      let taps = a.values.enumerated().map { index, weight in
        let (x, y) = place(a.first + index)
        return Tap(x: Double(x), y: Double(y), weight: weight)
      }
      let pairs = options.pairs && hardware(source) != nil
      return (pairs ? TapLayer(taps).withPairedTaps().taps : taps).map {
        TapSum.Read(x: $0.x, y: $0.y, weight: $0.weight)
      }
    }
    var columns = TapSum(
      reads: reads(from: source) {
        (factor * area.x.origin - $0 - source.area.x.origin, between.y.origin - source.area.y.origin)
      },
      strideX: factor, meaning: "decimation by \(factor) along x")
    columns.tile = options.usesTile ? SharedTile(columns) : nil
    let plane = pass(
      "\(prefix)decimate_x", .tapSum(columns), from: source, linear: columns.isWhole ? nil : hardware(source),
      to: "\(prefix)decimate_x", area: between)
    var rows = TapSum(
      reads: reads(from: plane) { (0, factor * area.y.origin - $0 - between.y.origin) }, strideY: factor,
      meaning: "decimation by \(factor) along y")
    rows.tile = options.usesTile ? SharedTile(rows) : nil
    return pass(
      "\(prefix)decimate_y", .tapSum(rows), from: plane, linear: rows.isWhole ? nil : hardware(plane), to: target,
      area: area)
  }
}
