import FewtapCore

/// The passes of filters.
extension PassText {
  func tapSum(_ sum: TapSum, _ lines: inout ShaderLines) {
    let isSampled = source.addressing != nil && !sum.isWhole
    if !isSampled {
      if bound.pass.reading != nil { pixelFunction(&lines) }
      if !sum.isWhole { betweenFunction(&lines) }
    }
    if sum.storage == .constants { tapTable(sum, &lines) }
    lines.block(function(value, [(.ivec2, "texel")])) { lines in
      if isSampled {
        lines.comment("The texture unit reads between texels; their centers lie at halves.")
        lines.add(
          declare(
            .vec2, "scale", "\(vector(.vec2, [1, 1])) / \(type(.vec2))(\(dialect.size(source)))"))
        lines.add(declare(.vec2, "place", "\(type(.vec2))(\(strided(sum))) + \(vector(.vec2, [0.5, 0.5]))"))
      } else {
        lines.add(declare(.ivec2, "place", strided(sum)))
      }
      lines.add(declare(.vec4, "sum", zero(), changes: true))
      if sum.storage != .statements {
        lines.block(dialect.loop("i", count: "\(sum.reads.count)")) { lines in
          lines.add(tapOfLoop(sum))
          let read =
            isSampled
            ? dialect.sample(source, "(place + tap.xy) * scale")
            : sum.isWhole ? texel("place + \(type(.ivec2))(tap.xy)") : "\(between)(\(arguments)place, tap.xy)"
          lines.add("sum += tap.z * \(read);")
        }
      } else {
        for tap in sum.reads {
          let offset = vector(.vec2, [tap.x, tap.y])
          let read =
            isSampled
            ? dialect.sample(source, "(place + \(offset)) * scale")
            : sum.isWhole
              ? texel("place + \(whole(Int(tap.x), Int(tap.y)))") : "\(between)(\(arguments)place, \(offset))"
          lines.add("sum += \(number(tap.weight)) * \(read);")
        }
      }
      finish(&lines)
    }
  }

  /// The table of constants.
  func tapTable(_ sum: TapSum, _ lines: inout ShaderLines) {
    lines.comment("Where each tap reads, x and y from the texel, and its weight.")
    lines.add(
      lines: dialect.table(.vec3, "\(name)_taps", sum.reads.map { vector(.vec3, [$0.x, $0.y, $0.weight]) }))
    lines.add()
  }

  /// Declares `tap`, number i of the table.
  func tapOfLoop(_ sum: TapSum) -> String {
    if case .texture(let name, let width) = sum.storage, let table = bound.input(name) {
      return declare(.vec4, "tap", fetchTap(table, "i", width: width, of: sum.reads.count))
    }
    return declare(.vec3, "tap", "\(name)_taps[i]")
  }

  /// A number's texel in a table that goes on row after row.
  func fetchTap(_ table: ShaderBinding, _ index: String, width: Int, of count: Int) -> String {
    let place = count <= width ? "\(index), 0" : "\(index) % \(width), \(index) / \(width)"
    return dialect.fetch(table, "\(type(.ivec2))(\(place))", layer: nil)
  }

  private func strided(_ sum: TapSum) -> String {
    sum.strideX == 1 && sum.strideY == 1 ? "texel" : "texel * \(whole(sum.strideX, sum.strideY))"
  }

  func interpolation(_ phases: PhaseWeights, _ lines: inout ShaderLines) {
    let weights = "\(name)_weights"
    guard source.addressing == nil else { return pairedInterpolation(phases, weights, &lines) }
    weightTable(phases, weights, &lines)
    lines.block(function(value, [(.ivec2, "texel")])) { lines in
      phaseSum(phases, weights, &lines) { dialect.fetch(source, "place + \(whole($0, $1))", layer: nil) }
      finish(&lines)
    }
  }

  /// The texture unit takes two weights at once: B-splines have none below 0.
  private func pairedInterpolation(_ phases: PhaseWeights, _ weights: String, _ lines: inout ShaderLines) {
    let (pairs, parts) = (phases.pairs, ["x", "y", "z", "w"])
    let count = pairs[0].count
    let form = count == 1 ? ShaderType.vec2 : .vec4
    lines.comment("Of each phase, along either axis: where to read between two texels, and their weight.")
    lines.add(
      lines: dialect.table(form, weights, pairs.map { vector(form, $0.flatMap { [$0.place, $0.weight] }) }))
    lines.add()
    lines.block(function(value, [(.ivec2, "texel")])) { lines in
      lines.add(declare(.ivec2, "cell", "texel / \(phases.factor)"))
      lines.add(declare(.ivec2, "phase", "texel - cell * \(phases.factor)"))
      lines.comment("The texture unit reads between texels; their centers lie at halves.")
      lines.add(declare(.vec2, "scale", "\(vector(.vec2, [1, 1])) / \(type(.vec2))(\(dialect.size(source)))"))
      let center = vector(.vec2, [Double(phases.first.x) + 0.5, Double(phases.first.y) + 0.5])
      lines.add(declare(.vec2, "place", "\(type(.vec2))(cell) + \(center)"))
      lines.add(declare(form, "across", "\(weights)[phase.x]"))
      lines.add(declare(form, "down", "\(weights)[phase.y]"))
      lines.add(declare(.vec4, "sum", zero(), changes: true))
      for row in 0..<count {
        for column in 0..<count {
          let (x, y) = ("across.\(parts[2 * column])", "down.\(parts[2 * row])")
          let read = dialect.sample(source, "(place + \(type(.vec2))(\(x), \(y))) * scale")
          lines.add("sum += across.\(parts[2 * column + 1]) * down.\(parts[2 * row + 1]) * \(read);")
        }
      }
      finish(&lines)
    }
  }

  func weightTable(_ phases: PhaseWeights, _ name: String, _ lines: inout ShaderLines) {
    lines.comment("The weights of each phase, along either axis.")
    lines.add(
      lines: dialect.table(
        .vec4, name, phases.weights.map { vector(.vec4, $0 + [Double](repeating: 0, count: 4 - $0.count)) }))
    lines.add()
  }

  /// Makes a variable `sum` of what `fetch` gives for texels so many columns and rows from `place`.
  func phaseSum(
    _ phases: PhaseWeights, _ weights: String, readsPlaces: Bool = true, _ lines: inout ShaderLines,
    _ fetch: (_ x: Int, _ y: Int) -> String
  ) {
    lines.add(declare(.ivec2, "cell", "texel / \(phases.factor)"))
    lines.add(declare(.ivec2, "phase", "texel - cell * \(phases.factor)"))
    if readsPlaces { lines.add(declare(.ivec2, "place", "cell + \(whole(phases.first.x, phases.first.y))")) }
    lines.add(declare(.vec4, "across", "\(weights)[phase.x]"))
    lines.add(declare(.vec4, "down", "\(weights)[phase.y]"))
    lines.add(declare(.vec4, "sum", zero(), changes: true))
    let parts = ["x", "y", "z", "w"]
    for row in 0..<phases.count {
      let terms = (0..<phases.count).map { "across.\(parts[$0]) * \(fetch($0, row))" }
      lines.add("sum += down.\(parts[row]) * (\(terms[0])")
      for term in terms.dropFirst().dropLast() { lines.add("    + \(term)") }
      lines.add("    + \(terms[terms.count - 1]));")
    }
  }

  /// Makes a result of the sum, and returns it.
  func finish(_ lines: inout ShaderLines) {
    guard let finish = bound.pass.finish else { return lines.add("return sum;") }
    if finish.dividesByShare, let mask = bound.input(ProgramBuilder.mask) {
      lines.comment("The share of the weights that lies on the image.")
      lines.add(declare(.vec4, "inside", dialect.fetch(mask, "texel", layer: nil)))
      lines.add("sum = sum / max(inside.x / inside.y, \(number(Finish.leastShare)));")
    }
    let isStraight: Bool
    switch finish.alpha {
    case .none: return lines.add("return sum;")
    case .scaled(let scale, let straight):
      lines.comment("Alpha is coverage, not light: its weights sum to 1.")
      lines.add(declare(.float, "alpha", "sum.w * \(number(scale))"))
      isStraight = straight
    case .kept(let straight):
      lines.comment("The weights cancel, so they have no coverage to give: it stays as it was.")
      let image = bound.input(ProgramBuilder.image) ?? source
      lines.add(declare(.float, "alpha", "\(dialect.fetch(image, "texel", layer: nil)).w"))
      isStraight = straight
    }
    guard isStraight else { return lines.add("return \(type(.vec4))(sum.xyz, alpha);") }
    let one = "\(number(1)) / alpha"
    lines.add(
      declare(
        .float, "divisor",
        dialect.choice("abs(alpha) < \(number(Finish.leastCoverage))", number(0), one)))
    lines.add("return \(type(.vec4))(sum.xyz * divisor, alpha);")
  }
}
