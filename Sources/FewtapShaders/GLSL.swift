/// OpenGL's and Vulkan's language, version 4.50; in Vulkan all bindings are of set 0.
struct GLSL: OpenGLDialect {
  func fileExtension(_ stage: ShaderStage) -> String { stage == .compute ? "comp" : "frag" }
  func head(_ stage: ShaderStage) -> [String] { ["#version 450"] }

  /// OpenGL counts corners by gl_VertexID, Vulkan by gl_VertexIndex: glslang defines VULKAN for the latter.
  func fullscreen(_ name: String) -> [String] {
    [
      "#ifdef VULKAN",
      "#define \(name)_corner gl_VertexIndex",
      "#else",
      "#define \(name)_corner gl_VertexID",
      "#endif",
      "void main() {",
      "  vec2 corner = vec2(\(name)_corner == 1 ? 3.0 : -1.0, \(name)_corner == 2 ? 3.0 : -1.0);",
      "  gl_Position = vec4(corner, 0.0, 1.0);",
      "}",
    ]
  }
}
