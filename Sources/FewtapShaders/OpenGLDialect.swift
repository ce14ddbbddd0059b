/// What OpenGL's two languages say alike. Textures are combined with their samplers.
protocol OpenGLDialect: ShaderDialect {}

extension OpenGLDialect {
  func name(_ type: ShaderType) -> String {
    switch type {
    case .float: "float"
    case .vec2: "vec2"
    case .vec3: "vec3"
    case .vec4: "vec4"
    case .int: "int"
    case .ivec2: "ivec2"
    }
  }

  func table(_ type: ShaderType, _ name: String, _ values: [String]) -> [String] {
    let array = "\(self.name(type))[\(values.count)]"
    return ["const \(array) \(name) = \(array)("] + tableRows(values) + [");"]
  }

  func size(_ texture: ShaderBinding) -> String {
    texture.isArray ? "textureSize(\(texture.name), 0).xy" : "textureSize(\(texture.name), 0)"
  }

  func fetch(_ texture: ShaderBinding, _ texel: String, layer: String?) -> String {
    let place = layer.map { "ivec3(\(texel), \($0))" } ?? texel
    return "texelFetch(\(texture.name), \(place), 0)"
  }

  func sample(_ texture: ShaderBinding, _ place: String) -> String { "textureLod(\(texture.name), \(place), 0.0)" }

  /// As version 4.50 and 3.10 ES have them.
  func declarations(_ pass: BoundPass, _ stage: ShaderStage) -> [String] {
    let side = pass.pass.groupSide
    let group = "layout(local_size_x = \(side), local_size_y = \(side)) in;"
    let image = pass.output.isArray ? "image2DArray" : "image2D"
    let output =
      stage == .compute
      ? [group, "layout(binding = 0, \(pass.format.rawValue)) uniform writeonly \(image) \(pass.output.name);"]
      : ["layout(location = 0) out vec4 \(pass.output.name);"]
    return output
      + pass.inputs.map { "layout(binding = \($0.number)) uniform \(samplerType($0)) \($0.name);" }
  }

  func samplerType(_ texture: ShaderBinding) -> String { texture.isArray ? "sampler2DArray" : "sampler2D" }

  func entry(_ pass: BoundPass, _ stage: ShaderStage, value: String) -> [String] {
    guard stage == .compute else {
      return ["void main() {", "  \(pass.output.name) = \(value)(ivec2(gl_FragCoord.xy));", "}"]
    }
    let place = pass.layer.map { "ivec3(texel, \($0))" } ?? "texel"
    return [
      "void main() {",
      "  ivec2 texel = ivec2(gl_GlobalInvocationID.xy);",
      "  ivec2 size = imageSize(\(pass.output.name))\(pass.output.isArray ? ".xy" : "");",
      "  if (texel.x < size.x && texel.y < size.y) {",
      "    imageStore(\(pass.output.name), \(place), \(value)(texel));",
      "  }",
      "}",
    ]
  }

  func declaration(_ tile: TileText) -> [String] { ["shared vec4 \(tile.name)[\(tile.shape.count)];"] }

  func entry(_ pass: BoundPass, value: String, tile: TileText) -> [String] {
    let (side, shape) = (pass.pass.groupSide, tile.shape)
    let place = pass.layer.map { "ivec3(texel, \($0))" } ?? "texel"
    return [
      "void main() {",
      "  ivec2 local = ivec2(gl_LocalInvocationID.xy);",
      "  ivec2 first = ivec2(gl_WorkGroupID.xy) * \(side);",
      "  ivec2 corner = \(tile.corner("first", pair: "ivec2"));",
      "  for (int i = local.y * \(side) + local.x; i < \(shape.count); i += \(side * side)) {",
      "    \(tile.name)[i] = \(tile.load)(corner + ivec2(i % \(shape.width), i / \(shape.width)));",
      "  }",
      "  memoryBarrierShared();",
      "  barrier();",
      "  ivec2 texel = ivec2(gl_GlobalInvocationID.xy);",
      "  ivec2 size = imageSize(\(pass.output.name))\(pass.output.isArray ? ".xy" : "");",
      "  if (texel.x < size.x && texel.y < size.y) {",
      "    imageStore(\(pass.output.name), \(place), \(value)(texel, \(tile.index("local", "first"))));",
      "  }",
      "}",
    ]
  }

  func entryName(_ name: String) -> String { "main" }
}
