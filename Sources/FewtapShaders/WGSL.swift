/// WebGPU's language: all of group 0, textures at 1..., the sampler after them, a compute shader's output at 0.
struct WGSL: ShaderDialect {
  func fileExtension(_ stage: ShaderStage) -> String { stage == .compute ? "comp.wgsl" : "frag.wgsl" }

  func name(_ type: ShaderType) -> String {
    switch type {
    case .float: "f32"
    case .vec2: "vec2f"
    case .vec3: "vec3f"
    case .vec4: "vec4f"
    case .int: "i32"
    case .ivec2: "vec2i"
    }
  }

  func declaration(_ type: ShaderType, _ name: String, _ value: String, changes: Bool) -> String {
    "\(changes ? "var" : "let") \(name) = \(value);"
  }

  func loop(_ index: String, count: String) -> String { "for (var \(index) = 0; \(index) < \(count); \(index)++)" }

  func table(_ type: ShaderType, _ name: String, _ values: [String]) -> [String] {
    // A variable, since some compilers refuse to look up constants by a number that they do not know.
    ["var<private> \(name) = array<\(self.name(type)), \(values.count)>("] + tableRows(values) + [");"]
  }

  func choice(_ condition: String, _ a: String, _ b: String) -> String { "select(\(b), \(a), \(condition))" }

  func function(
    _ name: String, _ parameters: [(ShaderType, String)], gives: ShaderType, textures: [ShaderBinding],
    tile: String?
  ) -> String {
    let all = parameters.map { "\($1): \(self.name($0))" }.joined(separator: ", ")
    return "fn \(name)(\(all)) -> \(self.name(gives))"
  }

  func size(_ texture: ShaderBinding) -> String { "vec2i(textureDimensions(\(texture.name)))" }

  func fetch(_ texture: ShaderBinding, _ texel: String, layer: String?) -> String {
    "textureLoad(\(texture.name), \(texel)\(layer.map { ", \($0)" } ?? ""), 0)"
  }

  func sample(_ texture: ShaderBinding, _ place: String) -> String {
    "textureSampleLevel(\(texture.name), \(texture.sampler ?? ""), \(place), 0.0)"
  }

  func declarations(_ pass: BoundPass, _ stage: ShaderStage) -> [String] {
    func type(_ texture: ShaderBinding) -> String { texture.isArray ? "_2d_array" : "_2d" }
    var lines: [String] = []
    if stage == .compute {
      let format = pass.format == .half ? "rgba16float" : "rgba32float"
      lines.append(
        "@group(0) @binding(0) var \(pass.output.name): texture_storage\(type(pass.output))<\(format), write>;")
    }
    for input in pass.inputs {
      lines.append("@group(0) @binding(\(input.number)) var \(input.name): texture\(type(input))<f32>;")
    }
    if let sampler = pass.sampler {
      lines.append("@group(0) @binding(\(sampler.number)) var \(sampler.name): sampler;")
    }
    return lines
  }

  func entry(_ pass: BoundPass, _ stage: ShaderStage, value: String) -> [String] {
    guard stage == .compute else {
      return [
        "@fragment",
        "fn \(pass.name)(@builtin(position) position: vec4f) -> @location(0) vec4f {",
        "  return \(value)(vec2i(position.xy));",
        "}",
      ]
    }
    let (side, layer) = (pass.pass.groupSide, pass.layer.map { ", \($0)" } ?? "")
    return [
      "@compute @workgroup_size(\(side), \(side))",
      "fn \(pass.name)(@builtin(global_invocation_id) thread: vec3u) {",
      "  let size = textureDimensions(\(pass.output.name));",
      "  if (thread.x < size.x && thread.y < size.y) {",
      "    textureStore(\(pass.output.name), vec2i(thread.xy)\(layer), \(value)(vec2i(thread.xy)));",
      "  }",
      "}",
    ]
  }

  func declaration(_ tile: TileText) -> [String] {
    ["var<workgroup> \(tile.name): array<vec4f, \(tile.shape.count)>;"]
  }

  func entry(_ pass: BoundPass, value: String, tile: TileText) -> [String] {
    let (side, layer, shape) = (pass.pass.groupSide, pass.layer.map { ", \($0)" } ?? "", tile.shape)
    return [
      "@compute @workgroup_size(\(side), \(side))",
      "fn \(pass.name)(",
      "    @builtin(global_invocation_id) thread: vec3u, @builtin(workgroup_id) group: vec3u,",
      "    @builtin(local_invocation_id) place: vec3u, @builtin(local_invocation_index) index: u32) {",
      "  let local = vec2i(place.xy);",
      "  let first = vec2i(group.xy) * \(side);",
      "  let corner = \(tile.corner("first", pair: "vec2i"));",
      "  for (var i = i32(index); i < \(shape.count); i += \(side * side)) {",
      "    \(tile.name)[i] = \(tile.load)(corner + vec2i(i % \(shape.width), i / \(shape.width)));",
      "  }",
      "  workgroupBarrier();",
      "  let size = textureDimensions(\(pass.output.name));",
      "  if (thread.x < size.x && thread.y < size.y) {",
      "    let at = \(tile.index("local", "first"));",
      "    textureStore(\(pass.output.name), vec2i(thread.xy)\(layer), \(value)(vec2i(thread.xy), at));",
      "  }",
      "}",
    ]
  }

  func fullscreen(_ name: String) -> [String] {
    [
      "@vertex",
      "fn \(name)(@builtin(vertex_index) corner: u32) -> @builtin(position) vec4f {",
      "  return vec4f(select(-1.0, 3.0, corner == 1u), select(-1.0, 3.0, corner == 2u), 0.0, 1.0);",
      "}",
    ]
  }
}
