// Sees a picture through blur that grows over the field, and takes it back by Richardson-Lucy iterations, which need the adjoint:
// the README's example.
import Fewtap

let (width, height) = (320, 240)
let basis = try BasisFit(KernelFamily("gaussian:sigma=0.5...3")).run()
let plan = try VaryingPlan(basis, width: width)
let map = ParameterMap(width: width, height: height, axisCount: 1) { _, _, columns, values in
  for (index, x) in columns.enumerated() { values[index] = 0.5 + 2.5 * Float(x) / Float(width) }
}
func spread(_ plane: Plane<Float>) throws -> Plane<Float> {
  try plan.apply(to: Image(planes: [plane]), map: map, direction: .scatter).planes[0]
}
func collect(_ plane: Plane<Float>) throws -> Plane<Float> {
  try plan.applyAdjoint(to: Image(planes: [plane]), map: map, direction: .scatter).planes[0]
}

var sky = Plane<Float>(width: width, height: height, repeating: 0.01)
for y in stride(from: 20, to: height, by: 40) { for x in stride(from: 20, to: width, by: 40) { sky[x, y] = 1 } }
let seen = try spread(sky)

var estimate = Plane<Float>(width: width, height: height, repeating: 1)
let sensitivity = try collect(estimate)
for _ in 0..<50 {
  var ratio = try spread(estimate)
  for i in ratio.values.indices { ratio.values[i] = seen.values[i] / max(ratio.values[i], 1e-6) }
  let correction = try collect(ratio)
  for i in correction.values.indices { estimate.values[i] *= max(0, correction.values[i] / sensitivity.values[i]) }
}
print("a star at the right: \(seen[300, 100]) as seen, \(estimate[300, 100]) after 50 iterations")
