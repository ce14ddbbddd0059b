import Fewtap
import FewtapFit
import Foundation

let a = CommandLine.arguments
var options = BasisFitOptions()
options.knots = [Int(a[2])!]
let start = Date()
let basis = try BasisFit(try KernelFamily(a[1]), options).run()
try basis.json().write(to: URL(fileURLWithPath: a[3]))
print(Date().timeIntervalSince(start), basis.fit!)
for (i, f) in basis.filters.enumerated() {
  print(basis.parameters(ofFilter: i), f.rate?.factor ?? 1, f.chain.layout)
}
