import FewtapCore

/// Passes whose reads a compute shader's group shares.
extension PassText {
  func tiledLines(_ shape: SharedTile) -> [String] {
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
    switch bound.pass.operation {
    case .tapSum(let sum): tapSum(sum, tile, &lines)
    case .interpolation(let phases): interpolation(phases, tile, &lines)
    case .varyingSum(let sum): varyingSum(sum, tile, &lines)
    case .extend, .coordinates, .blend: break
    }
    lines.add()
    lines.add(lines: dialect.entry(bound, value: value, tile: tile))
    return lines.lines
  }

  /// The function that makes a texel of what the tile has from `here` on.
  private func valueFunction(_ tile: TileText, _ lines: inout ShaderLines, _ body: (inout ShaderLines) -> Void) {
    let opening = dialect.function(
      value, [(.ivec2, "texel"), (.int, "here")], gives: .vec4, textures: bound.inputs, tile: tile.name)
    lines.block(opening, body)
  }

  private func tapSum(_ sum: TapSum, _ tile: TileText, _ lines: inout ShaderLines) {
    let shape = tile.shape
    if !sum.isWhole { tileBetweenFunction(tile, from: shape.first, &lines) }
    if sum.storage == .constants { tapTable(sum, &lines) }
    valueFunction(tile, &lines) { lines in
      lines.add(declare(.vec4, "sum", zero(), changes: true))
      if sum.storage == .statements {
        for tap in sum.reads { lines.add("sum += \(number(tap.weight)) * \(read(tap, sum, tile));") }
      } else {
        lines.block(dialect.loop("i", count: "\(sum.reads.count)")) { lines in
          lines.add(tapOfLoop(sum))
          let index =
            "here + (\(type(.int))(tap.y) - \(paren(shape.first.y))) * \(shape.width) + \(type(.int))(tap.x) - \(paren(shape.first.x))"
          let read =
            sum.isWhole ? "\(tile.name)[\(index)]" : "\(between)(\(arguments)\(dialect.argument(tile))here, tap.xy)"
          lines.add("sum += tap.z * \(read);")
        }
      }
      finish(&lines)
    }
  }

  private func read(_ tap: TapSum.Read, _ sum: TapSum, _ tile: TileText) -> String {
    guard sum.isWhole else {
      return "\(between)(\(arguments)\(dialect.argument(tile))here, \(vector(.vec2, [tap.x, tap.y])))"
    }
    let (x, y) = (Int(tap.x) - tile.shape.first.x, Int(tap.y) - tile.shape.first.y)
    return "\(tile.name)[here + \(y * tile.shape.width + x)]"
  }

  private func interpolation(_ phases: PhaseWeights, _ tile: TileText, _ lines: inout ShaderLines) {
    let weights = "\(name)_weights"
    weightTable(phases, weights, &lines)
    valueFunction(tile, &lines) { lines in
      phaseSum(phases, weights, readsPlaces: false, &lines) { "\(tile.name)[here + \($1 * tile.shape.width + $0)]" }
      finish(&lines)
    }
  }

  private func varyingSum(_ sum: VaryingSum, _ tile: TileText, _ lines: inout ShaderLines) {
    let first = tile.shape.first
    tileBetweenFunction(tile, from: PixelOffset(x: first.x - sum.base.x, y: first.y - sum.base.y), &lines)
    interpolatedTap(sum, &lines)
    valueFunction(tile, &lines) { lines in
      knotsAround(sum.grid, &lines)
      varyingLoop(sum, read: "\(between)(\(arguments)\(dialect.argument(tile))here, tap.xy)", &lines)
    }
  }

  private func paren(_ value: Int) -> String { value < 0 ? "(\(value))" : "\(value)" }

  /// `first`: the tile's first texel, from where a thread's reads are counted.
  private func tileBetweenFunction(_ tile: TileText, from first: PixelOffset, _ lines: inout ShaderLines) {
    let (name, shape) = (tile.name, tile.shape)
    lines.comment("Between the four texels of the tile around an offset from a thread's own.")
    lines.block(
      dialect.function(
        between, [(.int, "here"), (.vec2, "offset")], gives: .vec4, textures: bound.inputs, tile: name)
    ) { lines in
      lines.add(declare(.vec2, "corner", "floor(offset)"))
      lines.add(declare(.vec2, "share", "offset - corner"))
      let (x, y) = ("\(type(.int))(corner.x) - \(paren(first.x))", "\(type(.int))(corner.y) - \(paren(first.y))")
      lines.add(declare(.int, "i", "here + (\(y)) * \(shape.width) + \(x)"))
      let below = ["i + \(shape.width)", "i + \(shape.width + 1)"].map { "\(name)[\($0)]" }
      lines.add(declare(.vec4, "top", dialect.mix("\(name)[i]", "\(name)[i + 1]", "share.x")))
      lines.add(declare(.vec4, "bottom", dialect.mix(below[0], below[1], "share.x")))
      lines.add("return \(dialect.mix("top", "bottom", "share.y"));")
    }
    lines.add()
  }
}
