import FewtapCore

// README.txt of an export.

extension ShaderFiles {
  /// What whoever writes a host must know.
  var readme: String {
    let options = program.options
    var lines = ["fewtap: \(program.title)", ""]
    lines += program.figures.isEmpty ? [] : program.figures.map { "\($0)." } + [""]
    lines += [
      "A pixel takes \(rounded(program.work.fetches)) fetches and \(rounded(program.work.bytes)) bytes from and to memory."
    ]
    if options.sampling == .hardware, let error = program.fractionError(), error > 0 {
      lines += [
        "Texture units round the place between two texels, most to 1/256: a result is then off by \(Float((error * 1e5).rounded(.up) / 1e5)) at most, "
          + "for images in 0...1."
      ]
    }
    lines += [""]
    lines += [
      "\(language.rawValue), \(stage.rawValue) stage, \(program.passes.count) passes. Border: \(Self.words(options.border)). "
        + "Alpha: \(options.alpha.rawValue).",
      "passes.json says the same for programs.", "",
      "Light must be linear, not sRGB-encoded. Texel (0, 0) is the upper left one of the image, as it is uploaded.", "",
      "Textures: columns, rows, layers of an array (the image is W x H; divisions round down)",
    ]
    lines += table(
      program.textures.map { texture in
        [
          "  " + texture.name, size(texture), texture.role == .image ? "any" : texture.format.rawValue,
          words(texture),
        ]
      })
    lines += ["", "Passes, in this order"]
    for (index, pass) in program.passes.enumerated() { lines += self.lines(index, pass) }
    lines += ["", "Bindings"] + bindings + ["", "Host, in pseudo code"] + steps
    if let first = host.first {
      lines += ["", "\(first.name) does that; how to call it stands at its beginning."]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// One digit after the point.
  private func rounded(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

  private func size(_ texture: ShaderTexture) -> String {
    func side(_ grid: TexelGrid, _ name: String) -> String {
      if grid.factor == 0 { return "\(grid.extra)" }
      func plus(_ value: Int) -> String { value == 0 ? "" : value < 0 ? " - \(-value)" : " + \(value)" }
      if grid.factor == 1 { return name + plus(grid.added + grid.extra) }
      return "(\(name)\(plus(grid.added))) / \(grid.factor)\(plus(grid.extra))"
    }
    return "\(side(texture.x, "W")), \(side(texture.y, "H"))\(texture.layers.map { ", \($0) layers" } ?? "")"
  }

  private func words(_ texture: ShaderTexture) -> String {
    switch texture.role {
    case .image: "the image, from you"
    case .parameters: "the parameters of each pixel, one a channel in the order of the axes, from you"
    case .output: "the result"
    case .table: "the floats of \(fileName(of: texture) ?? ""), four a texel, row after row, little endian"
    case .intermediate:
      "texel (0, 0) lies at pixel (\(texture.x.factor * texture.x.origin), \(texture.y.factor * texture.y.origin)) of the image"
    }
  }

  private func lines(_ index: Int, _ pass: ShaderPass) -> [String] {
    let inputs = pass.inputs.map { input in
      "\(input.binding) = \(input.texture)\(input.linear.map { " (linear, \($0 == .wrap ? "repeat" : "clamp to edge"))" } ?? "")"
    }
    let sampler = pass.samplerBinding.map { ", sampler at \($0)" } ?? ""
    let layer = pass.layer.map { ", layer \($0)" } ?? ""
    let once =
      switch pass.dependsOn {
      case .size: "      its result only changes with the image's size"
      case .parameters: "      its result only changes with the parameters"
      case .image: ""
      }
    return [
      "  \(index + 1). \(fileName(ofPass: index)), entry point \(program.entryPoint(of: pass, in: language))"
        + (isSingle && choosesPasses ? ", #define \(program.passMacro) \(index + 1)" : ""),
      "      reads \(inputs.joined(separator: ", "))\(sampler); writes \(pass.output)\(layer)",
    ] + (once.isEmpty ? [] : [once])
  }

  private var bindings: [String] {
    switch (language, stage) {
    case (.glsl, .compute):
      [
        "  Inputs are combined samplers at their numbers, the output is an image at 0; in Vulkan all of set 0.",
        "  OpenGL: inputs at texture units, the output at image unit 0.",
      ]
    case (.essl, .compute): ["  Inputs at texture units of their numbers, the output at image unit 0."]
    case (.glsl, .fragment):
      ["  Inputs are combined samplers at their numbers (in Vulkan of set 0); the output is color attachment 0."]
    case (.essl, .fragment):
      [
        "  Version 3.00 has no numbers in the text: look the uniforms up by name, <prefix><pass>_<texture>, and set them to",
        "  texture units. WebGL 2 needs EXT_color_buffer_float, and OES_texture_float_linear for rgba32f that is read linearly.",
      ]
    case (.hlsl, _):
      [
        "  Inputs are t of their numbers, the sampler is s of its number, the output is u0 (compute) or SV_Target (fragment)."
      ]
    case (.msl, _):
      [
        "  Inputs are texture(n), the output is texture(0) (kernel) or color attachment 0 (fragment); samplers are in the text."
      ]
    case (.wgsl, _):
      [
        "  All of group 0: inputs and the sampler at their numbers, the output at 0 (compute) or color attachment 0 (fragment).",
        "  rgba32float that is read linearly needs the feature float32-filterable; textures that are fetched only may be unfilterable.",
      ]
    }
  }

  private var steps: [String] {
    let run =
      stage == .compute
      ? [
        "    bind the inputs and the sampler, and the output (all layers of an array) at 0",
        "    dispatch ceil(width / \(ShaderLimits.groupSide)) x ceil(height / \(ShaderLimits.groupSide)) groups of the output's size",
        "    wait until what was written can be read (a barrier, where the interface does not do that by itself)",
      ]
      : [
        "    make the output (its layer, of an array) the render target, the viewport its whole size, blending off",
        "    bind the inputs and the sampler; draw 3 vertices with \(fullscreen ?? "") and the pass",
      ]
    return [
      "  make every texture of the list for W x H; upload the image\(program.textures.contains { $0.role == .parameters } ? ", the parameters" : "")"
        + "\(program.textures.contains { $0.role.word == "table" } ? ", the tables" : "")",
      "  for each pass in order:",
    ] + run + ["  the result is in the texture output"]
  }

  /// Rows whose columns are aligned.
  private func table(_ rows: [[String]]) -> [String] {
    let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let last = row.count - 1
      return row.enumerated().map { index, cell in
        index == last ? cell : cell + String(repeating: " ", count: widths[index] - cell.count + 2)
      }.joined()
    }
  }
}
