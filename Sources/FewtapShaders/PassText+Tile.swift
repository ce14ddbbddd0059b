import FewtapCore

/// Sums whose reads a compute shader's group shares.
extension PassText {
  func tiledLines(_ sum: TapSum, _ shape: SharedTile) -> [String] {
    let load = bound.pass.reading == nil ? "\(name)_load" : pixel
    let tile = TileText(name: "\(name)_tile", load: load, shape: shape)
    var lines = ShaderLines()
    lines.comment("Pass \(bound.pass.name): \(meaning); a group shares \(shape.width) x \(shape.height) texels.")
    lines.add(lines: dialect.declarations(bound, .compute) + dialect.declaration(tile))
    lines.add()
    if bound.pass.reading == nil {
      lines.comment("The source; threads beyond its edge load its nearest texel, which nothing reads.")
      lines.block(function(load, [(.ivec2, "place")])) { lines in
        lines.add(declare(.ivec2, "last", "\(dialect.size(source)) - \(whole(1, 1))"))
        lines.add("return \(dialect.fetch(source, "clamp(place, \(whole(0, 0)), last)", layer: nil));")
      }
      lines.add()
    } else {
      pixelFunction(&lines)
    }
    if !sum.isWhole { tileBetweenFunction(tile, &lines) }
    if sum.storage == .constants { tapTable(sum, &lines) }
    lines.block(
      dialect.function(
        value, [(.ivec2, "texel"), (.int, "at")], gives: .vec4, textures: bound.inputs, tile: tile.name)
    ) { lines in
      lines.add(declare(.vec4, "sum", zero(), changes: true))
      if sum.storage == .statements {
        for tap in sum.reads { lines.add("sum += \(number(tap.weight)) * \(read(tap, sum, tile));") }
      } else {
        lines.block(dialect.loop("i", count: "\(sum.reads.count)")) { lines in
          lines.add(tapOfLoop(sum))
          let index =
            "at + (\(type(.int))(tap.y) - \(paren(shape.first.y))) * \(shape.width) + \(type(.int))(tap.x) - \(paren(shape.first.x))"
          let read =
            sum.isWhole ? "\(tile.name)[\(index)]" : "\(between)(\(arguments)\(dialect.argument(tile))at, tap.xy)"
          lines.add("sum += tap.z * \(read);")
        }
      }
      finish(&lines)
    }
    lines.add()
    lines.add(lines: dialect.entry(bound, value: value, tile: tile))
    return lines.lines
  }

  private func read(_ tap: TapSum.Read, _ sum: TapSum, _ tile: TileText) -> String {
    guard sum.isWhole else {
      return "\(between)(\(arguments)\(dialect.argument(tile))at, \(vector(.vec2, [tap.x, tap.y])))"
    }
    let (x, y) = (Int(tap.x) - tile.shape.first.x, Int(tap.y) - tile.shape.first.y)
    return "\(tile.name)[at + \(y * tile.shape.width + x)]"
  }

  private func paren(_ value: Int) -> String { value < 0 ? "(\(value))" : "\(value)" }

  private func tileBetweenFunction(_ tile: TileText, _ lines: inout ShaderLines) {
    let (name, shape) = (tile.name, tile.shape)
    lines.comment("Between the four texels of the tile around an offset from a thread's own.")
    lines.block(
      dialect.function(
        between, [(.int, "at"), (.vec2, "offset")], gives: .vec4, textures: bound.inputs, tile: name)
    ) { lines in
      lines.add(declare(.vec2, "corner", "floor(offset)"))
      lines.add(declare(.vec2, "share", "offset - corner"))
      let (x, y) = (
        "\(type(.int))(corner.x) - \(paren(shape.first.x))", "\(type(.int))(corner.y) - \(paren(shape.first.y))"
      )
      lines.add(declare(.int, "i", "at + (\(y)) * \(shape.width) + \(x)"))
      let below = ["i + \(shape.width)", "i + \(shape.width + 1)"].map { "\(name)[\($0)]" }
      lines.add(declare(.vec4, "top", dialect.mix("\(name)[i]", "\(name)[i + 1]", "share.x")))
      lines.add(declare(.vec4, "bottom", dialect.mix(below[0], below[1], "share.x")))
      lines.add("return \(dialect.mix("top", "bottom", "share.y"));")
    }
    lines.add()
  }
}
