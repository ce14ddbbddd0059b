/// Text of a shader, line by line.
struct ShaderLines {
  private(set) var lines: [String] = []
  private var depth = 0

  /// Adds a line.
  mutating func add(_ line: String = "") {
    lines.append(line.isEmpty ? "" : String(repeating: "  ", count: depth) + line)
  }

  /// Adds lines as they are.
  mutating func add(lines more: [String]) { for line in more { add(line) } }

  /// Adds a comment.
  mutating func comment(_ text: String) { add("// " + text) }

  /// Adds lines between braces.
  mutating func block(_ opening: String, closing: String = "}", _ body: (inout ShaderLines) -> Void) {
    add(opening + " {")
    depth += 1
    body(&self)
    depth -= 1
    add(closing)
  }

  var text: String { lines.joined(separator: "\n") + "\n" }
}

extension Float {
  /// The number as every shader language reads it: with a point or an exponent, the fewest digits that read back bit for bit.
  var shaderText: String { description }
}
