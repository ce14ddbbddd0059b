// Fits a kernel and filters an image in memory: the README's example, held to it by Scripts/check-snippets.
import Fewtap

var options = FitOptions()
options.budget = .taps(96)
let result = try Fit(Kernel.heart(size: 49), options).run()
print("\(result.summary.accuracy.photo.mean) dB on photographs, noise gain \(result.summary.noiseGain)")

let image = try Image(planes: [Plane(width: 640, height: 480, repeating: 0.5)])
let blurred = try ApplyPlan(result.filter, width: image.width).apply(to: image)
print("\(blurred.width)x\(blurred.height) pixels, \(result.filter.chain.tapCount) multiply-adds each")
