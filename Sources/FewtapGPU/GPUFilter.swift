import CFewtapGL
import FewtapShaders

/// A program's text, compiled by a device's driver, with textures for images of one size.
///
/// Runs exactly what ``ShaderProgram/text(of:in:_:)`` writes. Results of passes that follow the image's size or a basis' parameters
/// alone are kept as long as those stay.
/// Threads: as ``GPUDevice``.
public final class GPUFilter {
  /// How long a pass took.
  public struct PassTime: Equatable, Sendable {
    /// The pass' name.
    public let pass: String
    /// From its beginning to its end.
    public let milliseconds: Double
    /// Who measured it.
    public let clock: Clock
  }

  /// Who measures ``PassTime``.
  public enum Clock: String, Sendable {
    /// The device.
    case device
    /// The host, which waits for the device after each pass.
    case host
  }

  /// The device.
  public let device: GPUDevice
  /// What it runs.
  public let program: ShaderProgram
  /// How passes run.
  public let stage: ShaderStage
  /// Columns of its images.
  public let width: Int
  /// Rows of its images.
  public let height: Int
  /// The passes of the last run, in their order: not those whose results had been kept.
  public internal(set) var times: [PassTime] = []
  /// Who measured them: the device only where it did all.
  public var clock: Clock { times.allSatisfy { $0.clock == .device } ? .device : .host }

  private var textures: [String: GPUTexture] = [:]
  private var programs: [UInt32] = []
  /// What must run again, and all that follows what changes more often.
  private var stale = ShaderPass.Dependence.size

  /// Compiles a program and makes its textures; `stage`: nil: compute where the device has it.
  ///
  /// Throws: ``GPUError``.
  public init(
    _ program: ShaderProgram, on device: GPUDevice, stage: ShaderStage? = nil, width: Int, height: Int
  ) throws(GPUError) {
    (self.device, self.program, self.width, self.height) = (device, program, width, height)
    self.stage = stage ?? (device.limits.hasCompute ? .compute : .fragment)
    guard width > 0, height > 0 else { throw .image("an image of \(width)x\(height) has no pixels") }
    try checkDevice()
    try device.bound { () throws(GPUError) in
      for texture in program.textures { try make(texture) }
      for pass in program.passes { programs.append(try compile(pass)) }
    }
  }

  deinit {
    // A device that cannot be bound takes what it holds along.
    try? device.bound { () throws(GPUError) in
      for texture in textures.values { texture.delete() }
      for program in programs { fewtap_gl_delete_program(device.handle, program) }
    }
  }

  private func checkDevice() throws(GPUError) {
    let limits = device.limits
    guard stage == .fragment || limits.hasCompute else {
      throw .unsupported(device: device.name, what: "compute shaders: use fragment shaders")
    }
    guard limits.rendersFloats else { throw .unsupported(device: device.name, what: "textures of floats to write to") }
    for pass in program.passes {
      guard pass.inputs.count <= limits.inputs else {
        throw .inputs(pass: pass.name, count: pass.inputs.count, limit: limits.inputs)
      }
      for input in pass.inputs where input.linear != nil && !limits.filtersFloats {
        guard program.texture(input.texture)?.format == .half else {
          throw .unsupported(device: device.name, what: "reads between texels of floats: use fetches, or half floats")
        }
      }
    }
  }

  private func make(_ texture: ShaderTexture) throws(GPUError) {
    let size = texture.size(imageWidth: width, imageHeight: height)
    let made = try GPUTexture(
      texture, width: size.width, height: size.height, half: texture.format == .half, on: device)
    textures[texture.name] = made
    if case .table(let numbers) = texture.role { try made.write(numbers) }
  }

  private func compile(_ pass: ShaderPass) throws(GPUError) -> UInt32 {
    let text = program.text(of: pass, in: device.language, stage)
    var (message, made) = (fewtap_gl_message(), UInt32(0))
    let vertex = stage == .fragment ? program.fullscreenText(in: device.language) : nil
    let status = fewtap_gl_make_program(device.handle, vertex, text, &made, &message)
    guard status != FEWTAP_GL_REFUSED_TEXT else { throw .refusedText(pass: pass.name, reason: message.words) }
    try GPUError.check(status, doing: "compiling pass \(pass.name)")
    for input in pass.inputs {
      try GPUError.check(
        fewtap_gl_name_input(device.handle, made, program.inputName(input, of: pass), Int32(input.binding)),
        doing: "binding \(input.texture) of pass \(pass.name)")
    }
    return made
  }

  /// Gives a basis its parameters: four numbers a pixel, one an axis, what is left unused.
  ///
  /// Throws: ``GPUError``.
  public func setParameters(_ texels: [Float]) throws(GPUError) {
    for texture in program.textures where texture.role == .parameters {
      try device.bound { () throws(GPUError) in try textures[texture.name]?.write(texels) }
      stale = min(stale, .parameters)
    }
  }

  /// Filters an image: four numbers a pixel, in and out.
  ///
  /// Throws: ``GPUError``.
  public func run(_ texels: [Float]) throws(GPUError) -> [Float] {
    guard let image = program.textures.first(where: { $0.role == .image }).flatMap({ textures[$0.name] }),
      let output = program.textures.first(where: { $0.role == .output }).flatMap({ textures[$0.name] })
    else { throw .image("the program has no image to read or no output to write") }
    return try device.bound { () throws(GPUError) in
      try image.write(texels)
      try runPasses()
      return try output.read()
    }
  }

  /// Filters the image of the last ``run(_:)`` again, and leaves the result on the device: to see how long that takes.
  ///
  /// Throws: ``GPUError``.
  public func repeatPasses() throws(GPUError) {
    try device.bound { () throws(GPUError) in try runPasses() }
  }

  private func runPasses() throws(GPUError) {
    // The host's clock must not see the upload.
    try GPUError.check(fewtap_gl_finish(device.handle), doing: "uploading the image")
    var passes: [PassTime] = []
    let timer = PassTimer(device)
    for (pass, program) in zip(program.passes, programs) where pass.dependsOn >= stale {
      let time = try timer.time { () throws(GPUError) in try run(pass, program) }
      passes.append(PassTime(pass: pass.name, milliseconds: time.milliseconds, clock: time.clock))
    }
    (times, stale) = (passes, .image)
  }

  private func run(_ pass: ShaderPass, _ id: UInt32) throws(GPUError) {
    guard let output = textures[pass.output] else { throw .failed(doing: "pass \(pass.name) has no output") }
    var inputs: [fewtap_gl_input] = []
    for input in pass.inputs {
      guard let texture = textures[input.texture] else {
        throw .failed(doing: "pass \(pass.name) has no \(input.texture)")
      }
      let sampling =
        switch input.linear {
        case nil: FEWTAP_GL_NEAREST
        case .clamp: FEWTAP_GL_LINEAR_CLAMP
        case .wrap: FEWTAP_GL_LINEAR_WRAP
        }
      inputs.append(
        fewtap_gl_input(texture: texture.id, is_array: texture.shape.layers > 0 ? 1 : 0, sampling: sampling))
    }
    let status = inputs.withUnsafeBufferPointer { inputs in
      var work = fewtap_gl_pass(
        program: id, inputs: inputs.baseAddress, input_count: Int32(inputs.count), output: output.id,
        output_shape: output.shape, output_layer: Int32(pass.layer ?? 0),
        group_side: stage == .compute ? Int32(pass.groupSide) : 0)
      return fewtap_gl_run(device.handle, &work)
    }
    try GPUError.check(status, doing: "running pass \(pass.name)")
  }
}
