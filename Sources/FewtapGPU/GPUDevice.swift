import CFewtapGL
import FewtapShaders

/// A device that runs exported text as it is, opened through EGL: a GPU, or a driver in software where there is none.
///
/// Threads: may pass from one thread to another, not be used by two at once.
/// Throws: everything here throws ``GPUError``; without EGL or a driver ``GPUError/meansNoDevice`` is true.
public final class GPUDevice {
  /// Which of EGL's interfaces runs the text.
  public enum Interface: String, CaseIterable, Sendable {
    /// OpenGL ES 3.1, or 3.0 without compute shaders: runs ``ShaderLanguage/essl``.
    case embedded
    /// OpenGL 4.5: runs ``ShaderLanguage/glsl``.
    case desktop

    /// Its name and version.
    var version: String {
      switch self {
      case .embedded: "OpenGL ES 3"
      case .desktop: "OpenGL 4.5"
      }
    }
  }

  /// What the device allows.
  public struct Limits: Equatable, Sendable {
    /// Most columns, and rows, of a texture that can be drawn to.
    public let textureSide: Int
    /// Most layers of an array of textures.
    public let textureLayers: Int
    /// Most textures that a pass reads.
    public let inputs: Int
    /// Whether there are compute shaders.
    public let hasCompute: Bool
    /// Whether the device itself measures how long a pass takes.
    public let hasTimers: Bool
    /// Whether textures of floats can be written.
    public let rendersFloats: Bool
    /// Whether textures of floats can be read between their texels.
    public let filtersFloats: Bool
  }

  /// The interface it was opened through.
  public let interface: Interface
  /// The driver's name of it.
  public let name: String
  /// The driver's version.
  public let version: String
  /// What it allows.
  public let limits: Limits
  /// The language that it runs.
  public var language: ShaderLanguage { interface == .embedded ? .essl : .glsl }

  let handle: OpaquePointer
  private let storage: UnsafeMutableRawPointer

  /// Opens the first device that works, hardware before software.
  ///
  /// Throws: ``GPUError/noLibrary(reason:)``, ``GPUError/noDevice(version:)``, ``GPUError/noFunction(_:)``.
  public convenience init(_ interface: Interface = .embedded) throws(GPUError) {
    try self.init(interface, library: nil)
  }

  /// The same by a given file of EGL.
  package init(_ interface: Interface, library: String?) throws(GPUError) {
    // Released by hand where opening fails: no `deinit` runs then.
    let storage = UnsafeMutableRawPointer.allocate(byteCount: fewtap_gl_size(), alignment: 16)
    let handle = OpaquePointer(storage)
    do throws(GPUError) {
      try Self.open(handle, interface, library)
      (name, version, limits) = try Self.describe(handle)
    } catch {
      fewtap_gl_close(handle)
      storage.deallocate()
      throw error
    }
    (self.interface, self.storage, self.handle) = (interface, storage, handle)
  }

  deinit {
    fewtap_gl_close(handle)
    storage.deallocate()
  }

  private static func open(_ handle: OpaquePointer, _ interface: Interface, _ library: String?) throws(GPUError) {
    var message = fewtap_gl_message()
    let api = interface == .embedded ? FEWTAP_GL_EMBEDDED : FEWTAP_GL_DESKTOP
    let status = fewtap_gl_open(handle, library, api, &message)
    switch status {
    case FEWTAP_GL_NO_LIBRARY: throw .noLibrary(reason: message.words)
    case FEWTAP_GL_NO_DEVICE: throw .noDevice(version: interface.version)
    case FEWTAP_GL_NO_FUNCTION: throw .noFunction(message.words)
    default: try GPUError.check(status, doing: "opening the device")
    }
  }

  private static func describe(_ handle: OpaquePointer) throws(GPUError) -> (String, String, Limits) {
    try GPUError.check(fewtap_gl_bind(handle), doing: "binding the device to a thread")
    defer { fewtap_gl_release(handle) }
    var about = fewtap_gl_description()
    try GPUError.check(fewtap_gl_describe(handle, &about), doing: "describing the device")
    let limits = Limits(
      textureSide: Int(about.texture_side), textureLayers: Int(about.texture_layers), inputs: Int(about.texture_units),
      hasCompute: about.has_compute != 0, hasTimers: about.has_timers != 0, rendersFloats: about.renders_floats != 0,
      filtersFloats: about.filters_floats != 0)
    return (text(about.renderer), text(about.version), limits)
  }

  /// Does something with the device bound to this thread.
  func bound<Result>(_ body: () throws(GPUError) -> Result) throws(GPUError) -> Result {
    try GPUError.check(fewtap_gl_bind(handle), doing: "binding the device to a thread")
    defer { fewtap_gl_release(handle) }
    return try body()
  }
}

extension fewtap_gl_message {
  /// Its text in one line.
  var words: String { FewtapGPU.text(text).split(whereSeparator: \.isNewline).joined(separator: " ") }
}

/// The text of a C array that ends with 0.
private func text<Characters>(_ characters: Characters) -> String {
  withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
