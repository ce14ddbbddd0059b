import FewtapCore

/// Writes a pass in a language. The same statements in all of them: what they say differently is the dialect's.
struct PassText {
  let program: ShaderProgram
  let bound: BoundPass
  let dialect: any ShaderDialect

  init(_ pass: ShaderPass, of program: ShaderProgram, _ dialect: any ShaderDialect) {
    (self.program, bound, self.dialect) = (program, BoundPass(pass, of: program), dialect)
  }

  /// The functions of the pass and what they need, without the head that a file begins with.
  func lines(_ stage: ShaderStage) -> [String] {
    var lines = ShaderLines()
    lines.comment("Pass \(bound.pass.name): \(meaning).")
    lines.add(lines: dialect.declarations(bound, stage))
    lines.add()
    operation(&lines)
    lines.add()
    lines.add(lines: dialect.entry(bound, stage, value: value))
    return lines.lines
  }

  // MARK: Names and words

  var name: String { bound.name }
  private var pixel: String { "\(name)_pixel" }
  private var between: String { "\(name)_between" }
  private var value: String { "\(name)_value" }
  var source: ShaderBinding { bound.inputs[0] }
  var arguments: String { dialect.arguments(bound.inputs) }

  func type(_ type: ShaderType) -> String { dialect.name(type) }
  func number(_ value: Double) -> String { dialect.literal(Float(value)) }
  func vector(_ type: ShaderType, _ values: [Double]) -> String {
    "\(self.type(type))(\(values.map(number).joined(separator: ", ")))"
  }
  func whole(_ x: Int, _ y: Int) -> String { "\(type(.ivec2))(\(x), \(y))" }
  func zero(_ type: ShaderType = .vec4) -> String { vector(type, [0, 0, 0, 0]) }

  func declare(_ type: ShaderType, _ name: String, _ value: String, changes: Bool = false) -> String {
    dialect.declaration(type, name, value, changes: changes)
  }

  func function(_ name: String, _ parameters: [(ShaderType, String)], gives: ShaderType = .vec4) -> String {
    dialect.function(name, parameters, gives: gives, textures: bound.inputs)
  }

  private var meaning: String {
    switch bound.pass.operation {
    case .extend: "the image, extended beyond its border"
    case .tapSum(let sum): "\(sum.meaning), \(sum.reads.count) taps"
    case .interpolation(let phases): "interpolation from 1 texel in \(phases.factor)"
    }
  }

  // MARK: Operations

  private func operation(_ lines: inout ShaderLines) {
    switch bound.pass.operation {
    case .extend(let origin):
      pixelFunction(&lines)
      lines.block(function(value, [(.ivec2, "texel")])) { lines in
        lines.add("return \(pixel)(\(arguments)texel + \(whole(origin.x, origin.y)));")
      }
    case .tapSum(let sum): tapSum(sum, &lines)
    case .interpolation(let phases): interpolation(phases, &lines)
    }
  }

  private func tapSum(_ sum: TapSum, _ lines: inout ShaderLines) {
    let isSampled = source.addressing != nil && !sum.isWhole
    if !isSampled {
      if bound.pass.reading != nil { pixelFunction(&lines) }
      if !sum.isWhole { betweenFunction(&lines) }
    }
    let taps = "\(name)_taps"
    let usesTable =
      program.options.constants == .table
      || program.options.constants == .automatic && sum.reads.count > ShaderLimits.unrolledTaps
    if usesTable {
      lines.comment("Where each tap reads, x and y from the texel, and its weight.")
      lines.add(lines: dialect.table(.vec3, taps, sum.reads.map { vector(.vec3, [$0.x, $0.y, $0.weight]) }))
      lines.add()
    }
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
      if usesTable {
        lines.block(dialect.loop("i", count: "\(sum.reads.count)")) { lines in
          lines.add(declare(.vec3, "tap", "\(taps)[i]"))
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

  private func strided(_ sum: TapSum) -> String {
    sum.strideX == 1 && sum.strideY == 1 ? "texel" : "texel * \(whole(sum.strideX, sum.strideY))"
  }

  private func interpolation(_ phases: PhaseWeights, _ lines: inout ShaderLines) {
    let weights = "\(name)_weights"
    lines.comment("The weights of each phase, along either axis.")
    lines.add(
      lines: dialect.table(
        .vec4, weights,
        phases.weights.map { vector(.vec4, $0 + [Double](repeating: 0, count: 4 - $0.count)) }))
    lines.add()
    lines.block(function(value, [(.ivec2, "texel")])) { lines in
      lines.add(declare(.ivec2, "cell", "texel / \(phases.factor)"))
      lines.add(declare(.ivec2, "phase", "texel - cell * \(phases.factor)"))
      lines.add(declare(.ivec2, "place", "cell + \(whole(phases.first.x, phases.first.y))"))
      lines.add(declare(.vec4, "across", "\(weights)[phase.x]"))
      lines.add(declare(.vec4, "down", "\(weights)[phase.y]"))
      lines.add(declare(.vec4, "sum", zero(), changes: true))
      let parts = ["x", "y", "z", "w"]
      for row in 0..<phases.count {
        let terms = (0..<phases.count).map { "across.\(parts[$0]) * \(texel("place + \(whole($0, row))"))" }
        lines.add("sum += down.\(parts[row]) * (\(terms[0])")
        for term in terms.dropFirst().dropLast() { lines.add("    + \(term)") }
        lines.add("    + \(terms[terms.count - 1]));")
      }
      finish(&lines)
    }
  }

  /// Makes a result of the sum, and returns it.
  private func finish(_ lines: inout ShaderLines) {
    guard let finish = bound.pass.finish else { return lines.add("return sum;") }
    if finish.dividesByShare, let mask = bound.input(ProgramBuilder.mask) {
      lines.comment("The share of the weights that lies on the image.")
      lines.add(declare(.vec4, "share", dialect.fetch(mask, "texel", layer: nil)))
      lines.add("sum = sum / max(share.x / share.y, \(number(Finish.leastShare)));")
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

  // MARK: Reading

  /// The source's texel: of the image by a function, else as it is.
  private func texel(_ place: String) -> String {
    bound.pass.reading == nil ? dialect.fetch(source, place, layer: nil) : "\(pixel)(\(arguments)\(place))"
  }

  /// The image at any whole place.
  private func pixelFunction(_ lines: inout ShaderLines) {
    guard let reading = bound.pass.reading else { return }
    let index = "\(name)_index"
    func indexFunction(_ comment: String, _ period: String, _ result: String) {
      lines.comment(comment)
      lines.block(dialect.function(index, [(.int, "i"), (.int, "count")], gives: .int, textures: [])) { lines in
        lines.add(declare(.int, "period", period))
        lines.add(
          declare(
            .int, "turns",
            "\(type(.int))(floor((\(type(.float))(i) + \(number(0.5))) / \(type(.float))(period)))"))
        lines.add(declare(.int, "phase", "i - turns * period"))
        lines.add("return \(result);")
      }
      lines.add()
    }
    switch reading.border {
    case .wrap: indexFunction("The pixel that stands for number i along an axis that comes around.", "count", "phase")
    case .mirror:
      indexFunction(
        "The pixel that stands for number i along an axis mirrored about its outermost pixels.",
        "max(2 * (count - 1), 1)", "min(phase, period - phase)")
    case .clamp, .constant, .normalized: break
    }
    lines.comment(Self.words(reading))
    lines.block(function(pixel, [(.ivec2, "place")])) { lines in
      lines.add(declare(.ivec2, "size", dialect.size(source)))
      var place = "place"
      switch reading.border {
      case .clamp: place = "clamp(place, \(whole(0, 0)), size - \(whole(1, 1)))"
      case .wrap, .mirror: place = "\(type(.ivec2))(\(index)(place.x, size.x), \(index)(place.y, size.y))"
      case .constant, .normalized:
        let value = Double(reading.border.outside)
        let outside: [Double] =
          switch reading.content {
          case .pixels: [value, value, value, value]
          case .premultiplied: [value * value, value * value, value * value, value]
          case .mask: [0, 1, 0, 0]
          }
        lines.block("if (place.x < 0 || place.y < 0 || place.x >= size.x || place.y >= size.y)") { lines in
          lines.add("return \(vector(.vec4, outside));")
        }
      }
      switch reading.content {
      case .pixels: lines.add("return \(dialect.fetch(source, place, layer: nil));")
      case .premultiplied:
        lines.add(declare(.vec4, "pixel", dialect.fetch(source, place, layer: nil)))
        lines.add("return \(type(.vec4))(pixel.xyz * pixel.w, pixel.w);")
      case .mask: lines.add("return \(vector(.vec4, [1, 1, 0, 0]));")
      }
    }
    lines.add()
  }

  private static func words(_ reading: ImageReading) -> String {
    let what =
      switch reading.content {
      case .pixels: "The image"
      case .premultiplied: "The image, multiplied by its alpha"
      case .mask: "1 on the image and 0 outside, then 1 everywhere"
      }
    switch reading.border {
    case .clamp: return "\(what); beyond its border the nearest pixel."
    case .mirror: return "\(what); beyond its border mirrored."
    case .wrap: return "\(what); beyond its border it comes around."
    case .constant: return "\(what); beyond its border a constant."
    case .normalized: return reading.content == .mask ? "\(what)." : "\(what); beyond its border 0."
    }
  }

  /// Between texels.
  private func betweenFunction(_ lines: inout ShaderLines) {
    lines.comment("Between the four texels around an offset from a texel.")
    lines.block(function(between, [(.ivec2, "origin"), (.vec2, "offset")])) { lines in
      lines.add(declare(.vec2, "corner", "floor(offset)"))
      lines.add(declare(.vec2, "share", "offset - corner"))
      lines.add(declare(.ivec2, "place", "origin + \(type(.ivec2))(corner)"))
      let read = [(0, 0), (1, 0), (0, 1), (1, 1)].map { texel($0 == (0, 0) ? "place" : "place + \(whole($0.0, $0.1))") }
      lines.add(declare(.vec4, "top", dialect.mix(read[0], read[1], "share.x")))
      lines.add(declare(.vec4, "bottom", dialect.mix(read[2], read[3], "share.x")))
      lines.add("return \(dialect.mix("top", "bottom", "share.y"));")
    }
    lines.add()
  }
}
