/// OpenGL ES' and WebGL's language: version 3.00 for fragments, which WebGL 2 has, and 3.10 for compute.
struct ESSL: ShaderDialect {
  private let desktop = GLSL()

  func fileExtension(_ stage: ShaderStage) -> String { stage == .compute ? "es.comp" : "es.frag" }
  func name(_ type: ShaderType) -> String { desktop.name(type) }
  func literal(_ value: Float) -> String { desktop.literal(value) }

  func declaration(_ type: ShaderType, _ name: String, _ value: String, changes: Bool) -> String {
    desktop.declaration(type, name, value, changes: changes)
  }

  func loop(_ index: String, count: String) -> String { desktop.loop(index, count: count) }
  func table(_ type: ShaderType, _ name: String, _ values: [String]) -> [String] { desktop.table(type, name, values) }
  func choice(_ condition: String, _ a: String, _ b: String) -> String { desktop.choice(condition, a, b) }
  func mix(_ a: String, _ b: String, _ share: String) -> String { desktop.mix(a, b, share) }

  func function(
    _ name: String, _ parameters: [(ShaderType, String)], gives: ShaderType, textures: [ShaderBinding],
    tile: String?
  ) -> String {
    desktop.function(name, parameters, gives: gives, textures: textures, tile: tile)
  }

  func arguments(_ textures: [ShaderBinding]) -> String { "" }
  func size(_ texture: ShaderBinding) -> String { desktop.size(texture) }

  func fetch(_ texture: ShaderBinding, _ texel: String, layer: String?) -> String {
    desktop.fetch(texture, texel, layer: layer)
  }

  func sample(_ texture: ShaderBinding, _ place: String) -> String { desktop.sample(texture, place) }

  func head(_ stage: ShaderStage) -> [String] {
    [
      stage == .compute ? "#version 310 es" : "#version 300 es",
      "precision highp float;", "precision highp int;", "precision highp sampler2D;", "precision highp sampler2DArray;",
    ] + (stage == .compute ? ["precision highp image2D;", "precision highp image2DArray;"] : [])
  }

  func declarations(_ pass: BoundPass, _ stage: ShaderStage) -> [String] {
    guard stage == .fragment else { return desktop.declarations(pass, stage) }
    // Version 3.00 has no bindings: the host sets them by the uniforms' names.
    return ["out vec4 \(pass.output.name);"]
      + pass.inputs.map { "uniform \(desktop.samplerType($0)) \($0.name);  // binding \($0.number)" }
  }

  func entry(_ pass: BoundPass, _ stage: ShaderStage, value: String) -> [String] {
    desktop.entry(pass, stage, value: value)
  }

  func declaration(_ tile: TileText) -> [String] { desktop.declaration(tile) }
  func argument(_ tile: TileText) -> String { "" }

  func entry(_ pass: BoundPass, value: String, tile: TileText) -> [String] {
    desktop.entry(pass, value: value, tile: tile)
  }

  func fullscreen(_ name: String) -> [String] {
    [
      "void main() {",
      "  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);",
      "  gl_Position = vec4(corner, 0.0, 1.0);",
      "}",
    ]
  }

  func entryName(_ name: String) -> String { "main" }
}
