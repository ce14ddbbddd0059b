import ArgumentParser
import FewtapShaders

/// Where a filter runs.
struct DeviceArguments: ParsableArguments {
  enum Device: String, CaseIterable, ExpressibleByArgument {
    case cpu, gpu
  }

  @Option(help: "Where to filter: gpu runs the text that 'fewtap export' writes, through OpenGL ES.")
  var device: Device = .cpu

  @Option(
    help:
      "Who interpolates between pixels on a GPU: its texture unit, which rounds places to 1/256 on many, or the shader."
  )
  var sampling: ShaderOptions.Sampling?

  @Option(help: "The shaders to run on a GPU. (default: compute where it has them)")
  var stage: ShaderStage?

  func validate() throws {
    guard device == .cpu else { return }
    for (flag, isGiven) in [("--sampling", sampling != nil), ("--stage", stage != nil)] where isGiven {
      throw ValidationError("\(flag): it is for --device gpu; give that too")
    }
  }
}
