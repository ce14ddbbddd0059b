/// A program that runs an export, written beside it: one readable file, of which an engine takes what it needs.
///
/// Its text is the same for all filters; it reads `passes.json`.
public enum ShaderHost: String, CaseIterable, Sendable {
  /// Swift and Metal, of both stages.
  case swift
  /// JavaScript: WebGPU of both stages, WebGL 2 of the fragment stage, which is the only one that it has.
  case js

  /// The host of WebGL 2, a module that imports nothing.
  package static var webGL2: [UInt8] { PackageResources.fewtap_webgl2_js }

  /// The host of WebGPU, a module that imports nothing.
  package static var webGPU: [UInt8] { PackageResources.fewtap_webgpu_js }

  /// Its files, the host first. Throws: ``ShaderError/host(_:language:stage:)`` where it has no such language or stage.
  func files(_ language: ShaderLanguage, _ stage: ShaderStage) throws(ShaderError) -> [ShaderFile] {
    let load = ShaderFile("fewtap-load.js", bytes: PackageResources.fewtap_load_js)
    switch (self, language, stage) {
    case (.swift, .msl, _): return [ShaderFile("FewtapFilter.swift", bytes: PackageResources.FewtapFilter_swift)]
    case (.js, .wgsl, _): return [ShaderFile("fewtap-webgpu.js", bytes: Self.webGPU), load]
    case (.js, .essl, .fragment):
      return [ShaderFile("fewtap-webgl2.js", bytes: Self.webGL2), load]
    default: throw .host(self, language: language, stage: stage)
    }
  }
}
