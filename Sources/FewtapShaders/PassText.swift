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
    if stage == .compute, let shape = bound.pass.operation.tile { return tiledLines(shape) }
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
  var pixel: String { "\(name)_pixel" }
  var between: String { "\(name)_between" }
  var value: String { "\(name)_value" }
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
    dialect.function(name, parameters, gives: gives, textures: bound.inputs, tile: nil)
  }

  var meaning: String {
    switch bound.pass.operation {
    case .extend: "the image, extended beyond its border"
    case .tapSum(let sum): "\(sum.meaning), \(sum.reads.count) taps"
    case .interpolation(let phases): "interpolation from 1 texel in \(phases.factor)"
    case .coordinates(let curves): "knot coordinates of \(curves.count) parameters"
    case .varyingSum(let sum): "\(sum.meaning), \(sum.taps) taps interpolated between knots"
    case .blend(let blend): "the outputs of the knots around, of \(blend.knots.count)"
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
    case .coordinates(let curves): coordinates(curves, &lines)
    case .varyingSum(let sum): varyingSum(sum, &lines)
    case .blend(let blend): blended(blend, &lines)
    }
  }
}
