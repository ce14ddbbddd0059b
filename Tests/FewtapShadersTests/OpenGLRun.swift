import FewtapGPU
import FewtapShaders

/// Runs programs' OpenGL text by the driver at hand: Mesa's in software where there is no GPU.
struct OpenGLRun: ShaderRunner {
  let interface: GPUDevice.Interface

  var name: String { interface == .embedded ? "ESSL" : "GLSL" }

  var missing: String? {
    do {
      _ = try GPUDevice(interface)
      return nil
    } catch {
      return "\(error)"
    }
  }

  func results(_ jobs: [MetalRun.Job]) throws -> [[Float]] {
    let device = try GPUDevice(interface)
    return try jobs.map { job in
      let filter = try GPUFilter(job.program, on: device, stage: job.stage, width: job.width, height: job.height)
      try filter.setParameters(job.parameters)
      return try filter.run(job.image)
    }
  }
}
