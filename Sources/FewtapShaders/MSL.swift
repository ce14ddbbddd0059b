/// Apple's Metal: textures at [[texture(1)]]..., a kernel's output at [[texture(0)]]; samplers are constants of the text.
struct MSL: ShaderDialect {
  func fileExtension(_ stage: ShaderStage) -> String { stage == .compute ? "comp.metal" : "frag.metal" }

  func literal(_ value: Float) -> String { value.shaderText + "f" }

  func table(_ type: ShaderType, _ name: String, _ values: [String]) -> [String] {
    ["constant \(self.name(type)) \(name)[\(values.count)] = {"] + tableRows(values) + ["};"]
  }

  private func parameter(_ texture: ShaderBinding) -> String {
    "texture2d\(texture.isArray ? "_array" : "")<float, access::sample> \(texture.name)"
  }

  func function(
    _ name: String, _ parameters: [(ShaderType, String)], gives: ShaderType, textures: [ShaderBinding],
    tile: String?
  ) -> String {
    let all =
      textures.map(parameter) + (tile.map { ["threadgroup float4 *\($0)"] } ?? [])
      + parameters.map { "\(self.name($0)) \($1)" }
    return "static \(self.name(gives)) \(name)(\(all.joined(separator: ", ")))"
  }

  func arguments(_ textures: [ShaderBinding]) -> String { textures.map { $0.name + ", " }.joined() }

  func size(_ texture: ShaderBinding) -> String {
    "int2(int(\(texture.name).get_width()), int(\(texture.name).get_height()))"
  }

  func fetch(_ texture: ShaderBinding, _ texel: String, layer: String?) -> String {
    "\(texture.name).read(uint2(\(texel))\(layer.map { ", uint(\($0))" } ?? ""))"
  }

  func sample(_ texture: ShaderBinding, _ place: String) -> String {
    "\(texture.name).sample(\(texture.sampler ?? ""), \(place), level(0.0f))"
  }

  func head(_ stage: ShaderStage) -> [String] { ["#include <metal_stdlib>", "using namespace metal;"] }

  func declarations(_ pass: BoundPass, _ stage: ShaderStage) -> [String] {
    guard let sampler = pass.sampler, let addressing = pass.inputs.compactMap(\.addressing).first else { return [] }
    let rule = addressing == .wrap ? "repeat" : "clamp_to_edge"
    return ["constexpr sampler \(sampler.name)(coord::normalized, address::\(rule), filter::linear);"]
  }

  func entry(_ pass: BoundPass, _ stage: ShaderStage, value: String) -> [String] {
    let inputs = pass.inputs.map { "    \(parameter($0)) [[texture(\($0.number))]]" }
    let arguments = arguments(pass.inputs)
    guard stage == .compute else {
      return ["fragment float4 \(pass.name)("]
        + (["    float4 position [[position]]"] + inputs).joined(separator: ",\n").split(separator: "\n").map(
          String.init)
        + [") {", "  return \(value)(\(arguments)int2(position.xy));", "}"]
    }
    let result = pass.output.name
    let output = "    texture2d\(pass.output.isArray ? "_array" : "")<float, access::write> \(result) [[texture(0)]]"
    let place = pass.layer.map { "thread_index, uint(\($0))" } ?? "thread_index"
    return ["kernel void \(pass.name)("]
      + ([output] + inputs + ["    uint2 thread_index [[thread_position_in_grid]]"]).joined(separator: ",\n")
      .split(separator: "\n").map(String.init)
      + [
        ") {",
        "  if (thread_index.x < \(result).get_width() && thread_index.y < \(result).get_height()) {",
        "    \(result).write(\(value)(\(arguments)int2(thread_index)), \(place));",
        "  }",
        "}",
      ]
  }

  /// The entry point declares it: there are no such globals.
  func declaration(_ tile: TileText) -> [String] { [] }
  func argument(_ tile: TileText) -> String { "\(tile.name), " }

  func entry(_ pass: BoundPass, value: String, tile: TileText) -> [String] {
    let (side, shape, result) = (pass.pass.groupSide, tile.shape, pass.output.name)
    let inputs = pass.inputs.map { "    \(parameter($0)) [[texture(\($0.number))]]" }
    let output = "    texture2d\(pass.output.isArray ? "_array" : "")<float, access::write> \(result) [[texture(0)]]"
    let place = pass.layer.map { "thread_index, uint(\($0))" } ?? "thread_index"
    let indices = [
      "    uint2 thread_index [[thread_position_in_grid]]", "    uint2 group [[threadgroup_position_in_grid]]",
      "    uint2 place [[thread_position_in_threadgroup]]",
    ]
    return ["kernel void \(pass.name)("]
      + ([output] + inputs + indices).joined(separator: ",\n").split(separator: "\n").map(String.init)
      + [
        ") {",
        "  threadgroup float4 \(tile.name)[\(shape.count)];",
        "  int2 local = int2(place);",
        "  int2 first = int2(group) * \(side);",
        "  int2 corner = \(tile.corner("first", pair: "int2"));",
        "  for (int i = local.y * \(side) + local.x; i < \(shape.count); i += \(side * side)) {",
        "    \(tile.name)[i] = \(tile.load)(\(arguments(pass.inputs))corner + int2(i % \(shape.width), i / \(shape.width)));",
        "  }",
        "  threadgroup_barrier(mem_flags::mem_threadgroup);",
        "  if (thread_index.x < \(result).get_width() && thread_index.y < \(result).get_height()) {",
        "    int at = \(tile.index("local", "first"));",
        "    \(result).write(\(value)(\(arguments(pass.inputs))\(argument(tile))int2(thread_index), at), \(place));",
        "  }",
        "}",
      ]
  }

  func fullscreen(_ name: String) -> [String] {
    [
      "vertex float4 \(name)(uint corner [[vertex_id]]) {",
      "  return float4(corner == 1 ? 3.0f : -1.0f, corner == 2 ? 3.0f : -1.0f, 0.0f, 1.0f);",
      "}",
    ]
  }
}
