/// OpenGL ES' and WebGL's language: version 3.00 for fragments, which WebGL 2 has, and 3.10 for compute.
struct ESSL: OpenGLDialect {
  func fileExtension(_ stage: ShaderStage) -> String { stage == .compute ? "es.comp" : "es.frag" }

  func head(_ stage: ShaderStage) -> [String] {
    [
      stage == .compute ? "#version 310 es" : "#version 300 es",
      "precision highp float;", "precision highp int;", "precision highp sampler2D;", "precision highp sampler2DArray;",
    ] + (stage == .compute ? ["precision highp image2D;", "precision highp image2DArray;"] : [])
  }

  func declarations(_ pass: BoundPass, _ stage: ShaderStage) -> [String] {
    guard stage == .fragment else { return GLSL().declarations(pass, stage) }
    // Version 3.00 has no bindings: the host sets them by the uniforms' names.
    return ["out vec4 \(pass.output.name);"]
      + pass.inputs.map { "uniform \(samplerType($0)) \($0.name);  // binding \($0.number)" }
  }

  func fullscreen(_ name: String) -> [String] {
    [
      "void main() {",
      "  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);",
      "  gl_Position = vec4(corner, 0.0, 1.0);",
      "}",
    ]
  }
}
