/// What most languages say alike: C's words, and vectors as Direct3D and Metal name them.
extension ShaderDialect {
  func name(_ type: ShaderType) -> String {
    switch type {
    case .float: "float"
    case .vec2: "float2"
    case .vec3: "float3"
    case .vec4: "float4"
    case .int: "int"
    case .ivec2: "int2"
    }
  }

  func literal(_ value: Float) -> String { value.shaderText }

  func declaration(_ type: ShaderType, _ name: String, _ value: String, changes: Bool) -> String {
    "\(self.name(type)) \(name) = \(value);"
  }

  func loop(_ index: String, count: String) -> String { "for (int \(index) = 0; \(index) < \(count); ++\(index))" }
  func choice(_ condition: String, _ a: String, _ b: String) -> String { "\(condition) ? \(a) : \(b)" }
  func mix(_ a: String, _ b: String, _ share: String) -> String { "mix(\(a), \(b), \(share))" }

  func function(
    _ name: String, _ parameters: [(ShaderType, String)], gives: ShaderType, textures: [ShaderBinding],
    tile: String?
  ) -> String {
    "\(self.name(gives)) \(name)(\(parameters.map { "\(self.name($0)) \($1)" }.joined(separator: ", ")))"
  }

  /// Textures and tiles are globals.
  func arguments(_ textures: [ShaderBinding]) -> String { "" }
  func argument(_ tile: TileText) -> String { "" }

  func head(_ stage: ShaderStage) -> [String] { [] }
  func entryName(_ name: String) -> String { name }

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
}
