import FewtapCore

/// The passes of bases.
extension PassText {
  private static let parts = ["x", "y", "z", "w"]

  // MARK: Coordinates

  func coordinates(_ curves: [KnotCurve], _ lines: inout ShaderLines) {
    for (axis, curve) in curves.enumerated() { coordinateFunction(axis, curve, &lines) }
    lines.block(function(value, [(.ivec2, "texel")])) { lines in
      lines.add(declare(.vec4, "parameters", dialect.fetch(source, "texel", layer: nil)))
      let values = (0..<4).map {
        $0 < curves.count ? "\(name)_axis\($0)(parameters.\(Self.parts[$0]))" : number(0)
      }
      lines.add("return \(type(.vec4))(\(values.joined(separator: ", ")));")
    }
  }

  private func coordinateFunction(_ axis: Int, _ curve: KnotCurve, _ lines: inout ShaderLines) {
    let (points, last) = ("\(name)_points\(axis)", curve.points.count - 2)
    let (low, high) = (curve.points[0].value, curve.points[curve.points.count - 1].value)
    func text(_ value: Float) -> String { dialect.literal(value) }
    lines.comment("Along axis \(axis): values of the parameter, and their knot coordinates; straight lines between.")
    lines.add(
      lines: dialect.table(
        .vec2, points, curve.points.map { "\(type(.vec2))(\(text($0.value)), \(text($0.coordinate)))" }))
    lines.add()
    lines.block(
      dialect.function("\(name)_axis\(axis)", [(.float, "parameter")], gives: .float, textures: [], tile: nil)
    ) { lines in
      lines.add(declare(.float, "given", "parameter", changes: true))
      if curve.isPeriodic {
        lines.block("if (given < \(text(low)) || given > \(text(high)))") { lines in
          lines.add("given = given - floor((given - \(text(low))) / \(text(high - low))) * \(text(high - low));")
        }
      }
      lines.comment("What is no number gets the first knot.")
      let admitted = dialect.choice("given > \(text(low))", "min(given, \(text(high)))", text(low))
      lines.add("given = \(admitted);")
      lines.add(declare(.int, "cell", "0", changes: true))
      // A search in steps that halve: it ends at the last point that is not beyond the value.
      var step = 1
      while step * 2 <= last { step *= 2 }
      while last > 0, step > 0 {
        lines.block("if (cell + \(step) <= \(last))") { lines in
          lines.block("if (\(points)[cell + \(step)].x <= given)") { $0.add("cell += \(step);") }
        }
        step /= 2
      }
      lines.add(declare(.vec2, "a", "\(points)[cell]"))
      lines.add(declare(.vec2, "b", "\(points)[cell + 1]"))
      lines.add("return clamp(a.y + (b.y - a.y) * ((given - a.x) / (b.x - a.x)), a.y, b.y);")
    }
    lines.add()
  }

  /// Declares `row`, the first of the knots around, and the shares of the next one along each axis, `share`.
  func knotsAround(_ grid: KnotGrid, _ lines: inout ShaderLines) {
    guard let coordinates = bound.input(ProgramBuilder.coordinates) else { return }
    if grid.origin == PixelOffset(x: 0, y: 0), bound.pass.output == ProgramBuilder.output {
      lines.add(declare(.vec4, "at", dialect.fetch(coordinates, "texel", layer: nil)))
    } else {
      lines.comment("Beyond the image the parameters are those of the nearest pixel.")
      lines.add(declare(.ivec2, "last", "\(dialect.size(coordinates)) - \(whole(1, 1))"))
      let place = "clamp(texel + \(whole(grid.origin.x, grid.origin.y)), \(whole(0, 0)), last)"
      lines.add(declare(.vec4, "at", dialect.fetch(coordinates, place, layer: nil)))
    }
    for (axis, count) in grid.shape.enumerated() {
      lines.add(
        declare(
          .int, "knot\(axis)", "clamp(\(type(.int))(at.\(Self.parts[axis])), 0, \(count - 2))"))
    }
    let row = zip(grid.shape.indices, grid.steps).map { $1 == 1 ? "knot\($0)" : "knot\($0) * \($1)" }
    lines.add(declare(.int, "row", row.joined(separator: " + ")))
    let shares = (0..<4).map {
      $0 < grid.shape.count ? "at.\(Self.parts[$0]) - \(type(.float))(knot\($0))" : number(0)
    }
    lines.add(declare(.vec4, "share", "\(type(.vec4))(\(shares.joined(separator: ", ")))"))
  }

  // MARK: Offsets

  func varyingSum(_ sum: VaryingSum, _ lines: inout ShaderLines) {
    let isSampled = source.addressing != nil
    if !isSampled {
      if bound.pass.reading != nil { pixelFunction(&lines) }
      betweenFunction(&lines)
    }
    interpolatedTap(sum, &lines)
    lines.block(function(value, [(.ivec2, "texel")])) { lines in
      knotsAround(sum.grid, &lines)
      if isSampled {
        lines.comment("The texture unit reads between texels; their centers lie at halves.")
        lines.add(declare(.vec2, "scale", "\(vector(.vec2, [1, 1])) / \(type(.vec2))(\(dialect.size(source)))"))
        let center = vector(.vec2, [Double(sum.base.x) + 0.5, Double(sum.base.y) + 0.5])
        lines.add(declare(.vec2, "place", "\(type(.vec2))(texel) + \(center)"))
      } else {
        lines.add(declare(.ivec2, "place", "texel + \(whole(sum.base.x, sum.base.y))"))
      }
      let read =
        isSampled ? dialect.sample(source, "(place + tap.xy) * scale") : "\(between)(\(arguments)place, tap.xy)"
      varyingLoop(sum, read: read, &lines)
    }
  }

  /// The function that gives a tap between the knots around.
  func interpolatedTap(_ sum: VaryingSum, _ lines: inout ShaderLines) {
    guard let table = bound.input(sum.table) else { return }
    lines.comment("Tap i between the knots around: where it reads, x and y, its weight, and the gain.")
    lines.block(function("\(name)_tap", [(.int, "i"), (.int, "row"), (.vec4, "share")])) { lines in
      func between(_ axis: Int, _ offset: Int) -> String {
        guard axis < sum.grid.shape.count else {
          let row = offset == 0 ? "row" : "row + \(offset)"
          return dialect.fetch(table, "\(type(.ivec2))(i, \(row))", layer: nil)
        }
        let next = between(axis + 1, offset + sum.grid.steps[axis])
        return dialect.mix(between(axis + 1, offset), next, "share.\(Self.parts[axis])")
      }
      lines.add("return \(between(0, 0));")
    }
    lines.add()
  }

  /// Adds up the taps, `read` each at its `tap`.
  func varyingLoop(_ sum: VaryingSum, read: String, _ lines: inout ShaderLines) {
    let tap = "\(name)_tap"
    lines.add(declare(.vec4, "sum", zero(), changes: true))
    lines.block(dialect.loop("i", count: "\(sum.taps)")) { lines in
      lines.add(declare(.vec4, "tap", "\(tap)(\(arguments)i, row, share)"))
      lines.add("sum += tap.z * \(read);")
    }
    if sum.appliesGain { lines.add("sum = sum * \(tap)(\(arguments)0, row, share).w;") }
    finish(&lines)
  }

  // MARK: Outputs

  func blended(_ blend: KnotBlend, _ lines: inout ShaderLines) {
    for (index, group) in blend.groups.enumerated() { groupFunction(index, group, &lines) }
    if let name = blend.table, let table = bound.input(name) { tapFunction(blend, table, &lines) }
    knotFunction(blend, &lines)
    lines.block(function(value, [(.ivec2, "texel")])) { lines in
      knotsAround(blend.grid, &lines)
      lines.add(declare(.vec4, "sum", zero(), changes: true))
      let axes = blend.grid.shape.indices
      lines.block(dialect.loop("corner", count: "\(1 << axes.count)")) { lines in
        for axis in axes { lines.add(declare(.int, "next\(axis)", "corner / \(1 << axis) % 2")) }
        let weights = axes.map { axis in
          let share = "share.\(Self.parts[axis])"
          return "(\(dialect.choice("next\(axis) == 1", share, "\(number(1)) - \(share)")))"
        }
        lines.add(declare(.float, "weight", weights.joined(separator: " * ")))
        let steps = zip(axes, blend.grid.steps).map { " + next\($0) * \($1)" }.joined()
        lines.block("if (weight > \(number(0)))") { lines in
          lines.add("sum += weight * \(name)_knot(\(arguments)row\(steps), texel);")
        }
      }
      finish(&lines)
    }
  }

  /// The outputs of a group's knots.
  private func groupFunction(_ index: Int, _ group: KnotBlend.Group, _ lines: inout ShaderLines) {
    guard let texture = bound.input(group.texture) else { return }
    let weights = "\(name)_weights\(index)"
    if let phases = group.phases { weightTable(phases, weights, &lines) }
    lines.block(function("\(name)_group\(index)", [(.ivec2, "texel"), (.int, "layer")])) { lines in
      if let phases = group.phases {
        phaseSum(phases, weights, &lines) { dialect.fetch(texture, "place + \(whole($0, $1))", layer: "layer") }
        lines.add("return sum;")
      } else {
        lines.add("return \(dialect.fetch(texture, "texel", layer: "layer"));")
      }
    }
    lines.add()
  }

  /// The outputs of knots that are sums over the image.
  private func tapFunction(_ blend: KnotBlend, _ table: ShaderBinding, _ lines: inout ShaderLines) {
    pixelFunction(&lines)
    if !blend.isWhole { betweenFunction(&lines) }
    lines.block(function("\(name)_taps", [(.ivec2, "texel"), (.int, "first"), (.int, "count")])) { lines in
      lines.add(declare(.vec4, "sum", zero(), changes: true))
      lines.block(dialect.loop("i", count: "count")) { lines in
        lines.add(declare(.int, "number", "first + i"))
        lines.add(
          declare(
            .vec4, "tap", fetchTap(table, "number", width: blend.tableWidth, of: blend.tapCount)))
        let read =
          blend.isWhole ? texel("texel + \(type(.ivec2))(tap.xy)") : "\(between)(\(arguments)texel, tap.xy)"
        lines.add("sum += tap.z * \(read);")
      }
      lines.add("return sum;")
    }
    lines.add()
  }

  private func knotFunction(_ blend: KnotBlend, _ lines: inout ShaderLines) {
    let places = blend.knots.map { output -> [Double] in
      switch output {
      case .taps(let first, let count): [-1, Double(first), Double(count)]
      case .texels(let group, let layer): [Double(group), Double(layer), 0]
      }
    }
    lines.comment(
      "Of each knot: -1, its first tap and their number; or the group that its output stands in, and the layer.")
    lines.add(lines: dialect.table(.vec3, "\(name)_knots", places.map { vector(.vec3, $0) }))
    lines.add()
    lines.block(function("\(name)_knot", [(.int, "knot"), (.ivec2, "texel")])) { lines in
      lines.add(declare(.vec3, "what", "\(name)_knots[knot]"))
      let second = "\(type(.int))(what.y)"
      for index in blend.groups.indices {
        lines.block("if (what.x == \(number(Double(index))))") { lines in
          lines.add("return \(name)_group\(index)(\(arguments)texel, \(second));")
        }
      }
      if blend.table == nil {
        lines.add("return \(zero());")
      } else {
        lines.add("return \(name)_taps(\(arguments)texel, \(second), \(type(.int))(what.z));")
      }
    }
    lines.add()
  }
}

extension KnotBlend {
  /// Taps of all knots at the image's rate.
  var tapCount: Int {
    knots.reduce(0) { sum, output in
      if case .taps(_, let count) = output { return sum + count }
      return sum
    }
  }
}
