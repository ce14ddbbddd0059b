/// OpenGL's and Vulkan's language, version 4.50. Textures are combined with their samplers; in Vulkan all bindings are of set 0.
struct GLSL: ShaderDialect {
  func fileExtension(_ stage: ShaderStage) -> String { stage == .compute ? "comp" : "frag" }

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

  func literal(_ value: Float) -> String { value.shaderText }

  func declaration(_ type: ShaderType, _ name: String, _ value: String, changes: Bool) -> String {
    "\(self.name(type)) \(name) = \(value);"
  }

  func loop(_ index: String, count: String) -> String { "for (int \(index) = 0; \(index) < \(count); ++\(index))" }

  func table(_ type: ShaderType, _ name: String, _ values: [String]) -> [String] {
    let array = "\(self.name(type))[\(values.count)]"
    return ["const \(array) \(name) = \(array)("] + tableRows(values) + [");"]
  }

  func choice(_ condition: String, _ a: String, _ b: String) -> String { "\(condition) ? \(a) : \(b)" }
  func mix(_ a: String, _ b: String, _ share: String) -> String { "mix(\(a), \(b), \(share))" }

  func function(
    _ name: String, _ parameters: [(ShaderType, String)], gives: ShaderType, textures: [ShaderBinding],
    tile: String?
  ) -> String {
    "\(self.name(gives)) \(name)(\(parameters.map { "\(self.name($0)) \($1)" }.joined(separator: ", ")))"
  }

  func arguments(_ textures: [ShaderBinding]) -> String { "" }

  func size(_ texture: ShaderBinding) -> String {
    texture.isArray ? "textureSize(\(texture.name), 0).xy" : "textureSize(\(texture.name), 0)"
  }

  func fetch(_ texture: ShaderBinding, _ texel: String, layer: String?) -> String {
    let place = layer.map { "ivec3(\(texel), \($0))" } ?? texel
    return "texelFetch(\(texture.name), \(place), 0)"
  }

  func sample(_ texture: ShaderBinding, _ place: String) -> String { "textureLod(\(texture.name), \(place), 0.0)" }

  func head(_ stage: ShaderStage) -> [String] { ["#version 450"] }

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
  func argument(_ tile: TileText) -> String { "" }

  func entry(_ pass: BoundPass, value: String, tile: TileText) -> [String] {
    let (side, shape) = (pass.pass.groupSide, tile.shape)
    let place = pass.layer.map { "ivec3(texel, \($0))" } ?? "texel"
    return [
      "void main() {",
      "  ivec2 local = ivec2(gl_LocalInvocationID.xy);",
      "  ivec2 corner = ivec2(gl_WorkGroupID.xy) * \(side) + ivec2(\(tile.first));",
      "  for (int i = local.y * \(side) + local.x; i < \(shape.count); i += \(side * side)) {",
      "    \(tile.name)[i] = \(tile.load)(corner + ivec2(i % \(shape.width), i / \(shape.width)));",
      "  }",
      "  memoryBarrierShared();",
      "  barrier();",
      "  ivec2 texel = ivec2(gl_GlobalInvocationID.xy);",
      "  ivec2 size = imageSize(\(pass.output.name))\(pass.output.isArray ? ".xy" : "");",
      "  if (texel.x < size.x && texel.y < size.y) {",
      "    imageStore(\(pass.output.name), \(place), \(value)(texel, local.y * \(shape.width) + local.x));",
      "  }",
      "}",
    ]
  }

  /// OpenGL counts corners by gl_VertexID, Vulkan by gl_VertexIndex: glslang defines VULKAN for the latter.
  func fullscreen(_ name: String) -> [String] {
    [
      "#ifdef VULKAN",
      "#define \(name)_corner gl_VertexIndex",
      "#else",
      "#define \(name)_corner gl_VertexID",
      "#endif",
      "void main() {",
      "  vec2 corner = vec2(\(name)_corner == 1 ? 3.0 : -1.0, \(name)_corner == 2 ? 3.0 : -1.0);",
      "  gl_Position = vec4(corner, 0.0, 1.0);",
      "}",
    ]
  }

  func entryName(_ name: String) -> String { "main" }
}

/// Values of a table, as many a line as fit.
func tableRows(_ values: [String]) -> [String] {
  var rows: [String] = []
  for (index, value) in values.enumerated() {
    let text = value + (index == values.count - 1 ? "" : ",")
    if let row = rows.last, row.count + 1 + text.count <= 112 {
      rows[rows.count - 1] = row + " " + text
    } else {
      rows.append("  " + text)
    }
  }
  return rows
}
