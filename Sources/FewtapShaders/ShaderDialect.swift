import FewtapCore

/// Types of values in shader text.
enum ShaderType {
  case float, vec2, vec3, vec4, int, ivec2
}

/// What languages say differently. All else, statements and arithmetic, is the same in all of them.
protocol ShaderDialect: Sendable {
  /// What files end in, after a point.
  func fileExtension(_ stage: ShaderStage) -> String
  func name(_ type: ShaderType) -> String
  func literal(_ value: Float) -> String
  /// A variable; `var` where it changes.
  func declaration(_ type: ShaderType, _ name: String, _ value: String, changes: Bool) -> String
  /// The opening of a loop over 0..<count, without its brace.
  func loop(_ index: String, count: String) -> String
  /// A table of constants at the level of the file.
  func table(_ type: ShaderType, _ name: String, _ values: [String]) -> [String]
  /// `condition ? a : b`.
  func choice(_ condition: String, _ a: String, _ b: String) -> String
  /// `a + (b - a) * share`.
  func mix(_ a: String, _ b: String, _ share: String) -> String
  /// The opening of a function, without its brace. `textures` are those of the pass, and `tile` what a group shares, for languages where
  /// they are no globals.
  func function(
    _ name: String, _ parameters: [(ShaderType, String)], gives: ShaderType, textures: [ShaderBinding], tile: String?
  ) -> String
  /// What a call of such a function begins its arguments with.
  func arguments(_ textures: [ShaderBinding]) -> String
  /// Columns and rows.
  func size(_ texture: ShaderBinding) -> String
  /// A texel.
  func fetch(_ texture: ShaderBinding, _ texel: String, layer: String?) -> String
  /// Between texels, at a place where 0...1 is the whole texture.
  func sample(_ texture: ShaderBinding, _ place: String) -> String
  /// What stands before all else in a file of given stage.
  func head(_ stage: ShaderStage) -> [String]
  /// The textures of a pass, and its output.
  func declarations(_ pass: BoundPass, _ stage: ShaderStage) -> [String]
  /// The function that runs a pass: for each texel of the output it calls `value`.
  func entry(_ pass: BoundPass, _ stage: ShaderStage, value: String) -> [String]
  /// The same for a compute shader whose group loads a tile first: it calls `load` for each texel of the tile, then `value`.
  func entry(_ pass: BoundPass, value: String, tile: TileText) -> [String]
  /// The tile, where it is a global.
  func declaration(_ tile: TileText) -> [String]
  /// What a call of a function that reads the tile has after its textures.
  func argument(_ tile: TileText) -> String
  /// The vertex shader of a fragment stage: three corners, no buffers.
  func fullscreen(_ name: String) -> [String]
  /// The name of the entry point; languages with one a file call it main.
  func entryName(_ name: String) -> String
}

/// A tile as text has it.
struct TileText {
  let name: String
  /// The function that gives a texel of the source.
  let load: String
  let shape: SharedTile

  /// The tile's first texel in the source; `first` is the group's in the output, `pair` the name of two whole numbers.
  func corner(_ first: String, pair: String) -> String {
    let start = "\(pair)(\(shape.first.x), \(shape.first.y))"
    switch shape.step {
    case .stride(1, 1): return "\(first) + \(start)"
    case .stride(let x, let y): return "\(first) * \(pair)(\(x), \(y)) + \(start)"
    case .factor(let factor): return "\(first) / \(factor) + \(start)"
    }
  }

  /// Where in the tile the reads of a thread begin; `local` is its number within the group.
  func index(_ local: String, _ first: String) -> String {
    switch shape.step {
    case .stride(let x, let y):
      return "\(local).y * \(y * shape.width) + \(local).x" + (x == 1 ? "" : " * \(x)")
    case .factor(let factor):
      func cell(_ axis: String) -> String {
        "(\(first).\(axis) + \(local).\(axis)) / \(factor) - \(first).\(axis) / \(factor)"
      }
      return "(\(cell("y"))) * \(shape.width) + \(cell("x"))"
    }
  }
}

/// A texture of a pass as text has it.
struct ShaderBinding: Equatable {
  let name: String
  let number: Int
  let isArray: Bool
  /// The sampler to read it with.
  let sampler: String?
  let addressing: ShaderPass.Input.Addressing?
}

/// A pass with the names that its text has.
struct BoundPass {
  let pass: ShaderPass
  /// Prefix and the pass' name.
  let name: String
  let inputs: [ShaderBinding]
  let output: ShaderBinding
  let layer: Int?
  let format: TexelFormat
  /// Name and number of the sampler.
  let sampler: (name: String, number: Int)?

  init(_ pass: ShaderPass, of program: ShaderProgram) {
    let name = program.options.prefix + pass.name
    func isArray(_ texture: String) -> Bool { program.texture(texture)?.layers != nil }
    let sampler = pass.samplerBinding.map { (name: "\(name)_sampler", number: $0) }
    inputs = pass.inputs.map {
      ShaderBinding(
        name: "\(name)_\($0.texture)", number: $0.binding, isArray: isArray($0.texture),
        sampler: $0.linear == nil ? nil : sampler?.name, addressing: $0.linear)
    }
    output = ShaderBinding(
      name: "\(name)_result", number: 0, isArray: isArray(pass.output), sampler: nil, addressing: nil)
    (self.pass, self.name, self.sampler, layer) = (pass, name, sampler, pass.layer)
    format = program.texture(pass.output)?.format ?? program.options.format
  }

  /// An input by the texture's name in the program.
  func input(_ texture: String) -> ShaderBinding? {
    pass.inputs.firstIndex { $0.texture == texture }.map { inputs[$0] }
  }
}
