/// An approximate solution of `A d = -gradient` for a positive `A`, by preconditioned conjugate gradients from 0 on.
///
/// Equation: each iteration minimizes `d^T A d / 2 + gradient^T d` along one more direction, A-orthogonal to those before; it ends
///           after `iterations`, or where the preconditioned residual's square has fallen to the share `fall`.
/// Shapes:   gradient, and what `preconditioned` and `product` take and give: as many numbers as unknowns.
/// Cost:     one `product` and one `preconditioned` an iteration.
/// Source:   Nocedal, Wright, "Numerical Optimization", 2nd ed., Springer 2006, algorithm 5.3.
func conjugateGradients(
  gradient: [Double], iterations: Int, fall: Double, preconditioned: ([Double]) -> [Double],
  product: ([Double]) -> [Double]
) -> [Double] {
  func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for i in a.indices { sum += a[i] * b[i] }
    return sum
  }
  var step = [Double](repeating: 0, count: gradient.count)
  var residual = gradient.map { -$0 }
  var direction = preconditioned(residual)
  var square = dot(residual, direction)
  let enough = fall * square
  for _ in 0..<iterations {
    let image = product(direction)
    let scale = square / dot(direction, image)
    guard scale.isFinite else { break }
    for i in step.indices {
      step[i] += scale * direction[i]
      residual[i] -= scale * image[i]
    }
    let next = preconditioned(residual)
    let newSquare = dot(residual, next)
    guard newSquare > enough else { break }
    for i in direction.indices { direction[i] = next[i] + newSquare / square * direction[i] }
    square = newSquare
  }
  return step
}
