extension ShaderLanguage {
  var dialect: any ShaderDialect {
    switch self {
    case .glsl: GLSL()
    case .essl: ESSL()
    case .hlsl: HLSL()
    case .msl: MSL()
    case .wgsl: WGSL()
    }
  }
}

extension ShaderProgram {
  /// The text of one pass, a file of its own.
  public func text(of pass: ShaderPass, in language: ShaderLanguage, _ stage: ShaderStage) -> String {
    let dialect = language.dialect
    let lines = dialect.head(stage) + ["// fewtap: \(title)"] + PassText(pass, of: self, dialect).lines(stage)
    return lines.joined(separator: "\n") + "\n"
  }

  /// The text of all passes in one file. In GLSL and ESSL, which have one function main a file, a host defines the pass that it
  /// compiles, `#define <PREFIX>PASS 1` and on, after the line that tells the version. In HLSL it may: passes share registers, and
  /// not every compiler looks away from those that an entry point does not use.
  public func text(in language: ShaderLanguage, _ stage: ShaderStage) -> String {
    let dialect = language.dialect
    var lines = dialect.head(stage) + ["// fewtap: \(title)"]
    for (index, pass) in passes.enumerated() {
      let text = PassText(pass, of: self, dialect).lines(stage)
      switch language {
      case .glsl, .essl: lines += ["", "#if \(passMacro) == \(index + 1)"] + text + ["#endif"]
      case .hlsl: lines += ["", "#if !defined(\(passMacro)) || \(passMacro) == \(index + 1)"] + text + ["#endif"]
      case .msl, .wgsl: lines += [""] + text
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// What chooses a pass where one file has them all, in GLSL, ESSL and HLSL.
  public var passMacro: String { options.prefix.uppercased() + "PASS" }

  /// The vertex shader for the fragment stage: draw three vertices, no buffers.
  public func fullscreenText(in language: ShaderLanguage) -> String {
    let dialect = language.dialect
    return
      (dialect.head(.fragment) + ["// fewtap: one triangle over the whole output; draw three vertices."]
      + dialect.fullscreen(fullscreenName)).joined(separator: "\n") + "\n"
  }

  /// The vertex shader's name.
  var fullscreenName: String { options.prefix + "fullscreen" }

  /// The function to run for a pass.
  public func entryPoint(of pass: ShaderPass, in language: ShaderLanguage) -> String {
    language.dialect.entryName(options.prefix + pass.name)
  }

  /// The vertex shader's function.
  public func fullscreenEntryPoint(in language: ShaderLanguage) -> String {
    language.dialect.entryName(fullscreenName)
  }

  /// What text calls an input of a pass: the uniform's name in OpenGL.
  public func inputName(_ input: ShaderPass.Input, of pass: ShaderPass) -> String {
    "\(options.prefix)\(pass.name)_\(input.texture)"
  }
}
