import FewtapCore

/// How passes read the image, and between texels.
extension PassText {
  /// The source's texel: of the image by a function, else as it is.
  func texel(_ place: String) -> String {
    bound.pass.reading == nil ? dialect.fetch(source, place, layer: nil) : "\(pixel)(\(arguments)\(place))"
  }

  /// The image at any whole place.
  func pixelFunction(_ lines: inout ShaderLines) {
    guard let reading = bound.pass.reading else { return }
    let index = "\(name)_index"
    func indexFunction(_ comment: String, _ period: String, _ result: String) {
      lines.comment(comment)
      lines.block(dialect.function(index, [(.int, "i"), (.int, "count")], gives: .int, textures: [], tile: nil)) {
        lines in
        lines.add(declare(.int, "period", period))
        lines.add(
          declare(
            .int, "turns",
            "\(type(.int))(floor((\(type(.float))(i) + \(number(0.5))) / \(type(.float))(period)))"))
        lines.add(declare(.int, "phase", "i - turns * period"))
        lines.add("return \(result);")
      }
      lines.add()
    }
    switch reading.border {
    case .wrap: indexFunction("The pixel that stands for number i along an axis that comes around.", "count", "phase")
    case .mirror:
      indexFunction(
        "The pixel that stands for number i along an axis mirrored about its outermost pixels.",
        "max(2 * (count - 1), 1)", "min(phase, period - phase)")
    case .clamp, .constant, .normalized: break
    }
    lines.comment(Self.words(reading))
    lines.block(function(pixel, [(.ivec2, "place")])) { lines in
      lines.add(declare(.ivec2, "size", dialect.size(source)))
      var place = "place"
      switch reading.border {
      case .clamp: place = "clamp(place, \(whole(0, 0)), size - \(whole(1, 1)))"
      case .wrap, .mirror: place = "\(type(.ivec2))(\(index)(place.x, size.x), \(index)(place.y, size.y))"
      case .constant, .normalized:
        let value = Double(reading.border.outside)
        let outside: [Double] =
          switch reading.content {
          case .pixels: [value, value, value, value]
          case .premultiplied: [value * value, value * value, value * value, value]
          case .mask: [0, 1, 0, 0]
          }
        lines.block("if (place.x < 0 || place.y < 0 || place.x >= size.x || place.y >= size.y)") { lines in
          lines.add("return \(vector(.vec4, outside));")
        }
      }
      switch reading.content {
      case .pixels: lines.add("return \(dialect.fetch(source, place, layer: nil));")
      case .premultiplied:
        lines.add(declare(.vec4, "pixel", dialect.fetch(source, place, layer: nil)))
        lines.add("return \(type(.vec4))(pixel.xyz * pixel.w, pixel.w);")
      case .mask: lines.add("return \(vector(.vec4, [1, 1, 0, 0]));")
      }
    }
    lines.add()
  }

  private static func words(_ reading: ImageReading) -> String {
    let what =
      switch reading.content {
      case .pixels: "The image"
      case .premultiplied: "The image, multiplied by its alpha"
      case .mask: "1 on the image and 0 outside, then 1 everywhere"
      }
    switch reading.border {
    case .clamp: return "\(what); beyond its border the nearest pixel."
    case .mirror: return "\(what); beyond its border mirrored."
    case .wrap: return "\(what); beyond its border it comes around."
    case .constant: return "\(what); beyond its border a constant."
    case .normalized: return reading.content == .mask ? "\(what)." : "\(what); beyond its border 0."
    }
  }

  /// Between texels.
  func betweenFunction(_ lines: inout ShaderLines) {
    lines.comment("Between the four texels around an offset from a texel.")
    lines.block(function(between, [(.ivec2, "origin"), (.vec2, "offset")])) { lines in
      lines.add(declare(.vec2, "corner", "floor(offset)"))
      lines.add(declare(.vec2, "share", "offset - corner"))
      lines.add(declare(.ivec2, "place", "origin + \(type(.ivec2))(corner)"))
      let read = [(0, 0), (1, 0), (0, 1), (1, 1)].map { texel($0 == (0, 0) ? "place" : "place + \(whole($0.0, $0.1))") }
      lines.add(declare(.vec4, "top", dialect.mix(read[0], read[1], "share.x")))
      lines.add(declare(.vec4, "bottom", dialect.mix(read[2], read[3], "share.x")))
      lines.add("return \(dialect.mix("top", "bottom", "share.y"));")
    }
    lines.add()
  }
}
