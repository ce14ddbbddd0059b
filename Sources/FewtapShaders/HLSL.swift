/// Direct3D's language, shader model 5: textures at t1..., the sampler at s of the number after them, a compute shader's output at u0.
struct HLSL: ShaderDialect {
  func fileExtension(_ stage: ShaderStage) -> String { stage == .compute ? "comp.hlsl" : "frag.hlsl" }

  func loop(_ index: String, count: String) -> String {
    "[loop] for (int \(index) = 0; \(index) < \(count); ++\(index))"
  }

  func table(_ type: ShaderType, _ name: String, _ values: [String]) -> [String] {
    ["static const \(self.name(type)) \(name)[\(values.count)] = {"] + tableRows(values) + ["};"]
  }

  func mix(_ a: String, _ b: String, _ share: String) -> String { "lerp(\(a), \(b), \(share))" }

  func size(_ texture: ShaderBinding) -> String { "\(texture.name)_size()" }

  func fetch(_ texture: ShaderBinding, _ texel: String, layer: String?) -> String {
    let place = layer.map { "int4(\(texel), \($0), 0)" } ?? "int3(\(texel), 0)"
    return "\(texture.name).Load(\(place))"
  }

  func sample(_ texture: ShaderBinding, _ place: String) -> String {
    "\(texture.name).SampleLevel(\(texture.sampler ?? ""), \(place), 0.0)"
  }

  func declarations(_ pass: BoundPass, _ stage: ShaderStage) -> [String] {
    var lines: [String] = []
    if stage == .compute {
      let type = pass.output.isArray ? "RWTexture2DArray" : "RWTexture2D"
      lines.append("\(type)<float4> \(pass.output.name) : register(u0);")
    }
    for input in pass.inputs {
      let type = input.isArray ? "Texture2DArray" : "Texture2D"
      lines.append("\(type)<float4> \(input.name) : register(t\(input.number));")
    }
    if let sampler = pass.sampler {
      lines.append("SamplerState \(sampler.name) : register(s\(sampler.number));")
    }
    for input in pass.inputs {
      lines += [
        "int2 \(input.name)_size() {",
        "  uint width, height\(input.isArray ? ", layers" : "");",
        "  \(input.name).GetDimensions(width, height\(input.isArray ? ", layers" : ""));",
        "  return int2(width, height);",
        "}",
      ]
    }
    return lines
  }

  func entry(_ pass: BoundPass, _ stage: ShaderStage, value: String) -> [String] {
    guard stage == .compute else {
      return [
        "float4 \(pass.name)(float4 position : SV_Position) : SV_Target {",
        "  return \(value)(int2(position.xy));",
        "}",
      ]
    }
    let (side, place) = (pass.pass.groupSide, pass.layer.map { "uint3(thread.xy, \($0))" } ?? "thread.xy")
    return [
      "[numthreads(\(side), \(side), 1)]",
      "void \(pass.name)(uint3 thread : SV_DispatchThreadID) {",
      "  uint width, height\(pass.output.isArray ? ", layers" : "");",
      "  \(pass.output.name).GetDimensions(width, height\(pass.output.isArray ? ", layers" : ""));",
      "  if (thread.x < width && thread.y < height) {",
      "    \(pass.output.name)[\(place)] = \(value)(int2(thread.xy));",
      "  }",
      "}",
    ]
  }

  func declaration(_ tile: TileText) -> [String] { ["groupshared float4 \(tile.name)[\(tile.shape.count)];"] }

  func entry(_ pass: BoundPass, value: String, tile: TileText) -> [String] {
    let (side, shape, result) = (pass.pass.groupSide, tile.shape, pass.output.name)
    let place = pass.layer.map { "uint3(thread.xy, \($0))" } ?? "thread.xy"
    let more = pass.output.isArray ? ", layers" : ""
    return [
      "[numthreads(\(side), \(side), 1)]",
      "void \(pass.name)(",
      "    uint3 thread : SV_DispatchThreadID, uint3 group : SV_GroupID, uint3 place : SV_GroupThreadID,",
      "    uint index : SV_GroupIndex) {",
      "  int2 local = int2(place.xy);",
      "  int2 first = int2(group.xy) * \(side);",
      "  int2 corner = \(tile.corner("first", pair: "int2"));",
      "  for (int i = int(index); i < \(shape.count); i += \(side * side)) {",
      "    \(tile.name)[i] = \(tile.load)(corner + int2(i % \(shape.width), i / \(shape.width)));",
      "  }",
      "  GroupMemoryBarrierWithGroupSync();",
      "  uint width, height\(more);",
      "  \(result).GetDimensions(width, height\(more));",
      "  if (thread.x < width && thread.y < height) {",
      "    \(result)[\(place)] = \(value)(int2(thread.xy), \(tile.index("local", "first")));",
      "  }",
      "}",
    ]
  }

  func fullscreen(_ name: String) -> [String] {
    [
      "float4 \(name)(uint vertex : SV_VertexID) : SV_Position {",
      "  return float4(vertex == 1 ? 3.0 : -1.0, vertex == 2 ? 3.0 : -1.0, 0.0, 1.0);",
      "}",
    ]
  }
}
