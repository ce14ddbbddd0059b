import Foundation
import FewtapCore
import FewtapSynthesis
import FewtapFit
func cpu() -> Double {
  var t = timespec(); clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); return Double(t.tv_sec) + 1e-9 * Double(t.tv_nsec)
}
func load(_ n: String) -> Kernel {
  let t = try! String(contentsOfFile: "/tmp/k/\(n).txt", encoding: .utf8).split(separator: "\n")
  let s = t[0].split(separator: " ").map { Int($0)! }
  return try! Kernel(name: n, values: Plane(width: s[0], height: s[1], values: t.dropFirst().map { Double($0)! }))
}
let a = CommandLine.arguments
func opt(_ k: String, _ d: String) -> String { if let i = a.firstIndex(of: k) { return a[i + 1] }; return d }
let names = opt("-k", "disk,star4,amp,coma").split(separator: ",").map(String.init)
var o = FitOptions()
if let i = a.firstIndex(of: "-l") { o.budget = .layout(try! Layout(parsing: a[i + 1])) }
if let i = a.firstIndex(of: "-t") { o.budget = .taps(Int(a[i + 1])!) }
o.objective = Objective(rawValue: opt("-o", "photo"))!
o.tapModel = TapModel(rawValue: opt("-m", "integer"))!
o.recipe = FitOptions.Recipe(rawValue: opt("-r", "fewtap"))!
o.threads = Int(opt("-j", "1"))!
switch opt("-e", "normal") {
case "fast": o.effort = .fast;
case "normal": o.effort = .normal;
case "thorough": o.effort = .thorough;
case let s: o.effort = .seconds(Double(s)!)
}
let verbose = a.contains("-v")
for n in names {
  let k = load(n)
  for seed in 1...Int(opt("-n", "1"))! {
    o.seed = UInt64(seed)
    let t0 = cpu()
    let r = try Fit(k, o).run { if verbose { print($0) } }
    print(
      String(
        format: "%@ seed %d %.3f s photo %.2f worst %.2f err %.3f gain %.2f", n, seed, cpu() - t0,
        r.summary.accuracy.photo.mean, r.summary.accuracy.photo.worst, r.summary.accuracy.relativeError,
        r.summary.noiseGain), r.filter.chain.layout)
    var s = ""
    for (l, layer) in r.filter.chain.layers.enumerated() {
      for t in layer.taps { s += "\(l) \(t.x) \(t.y) \(t.weight)\n" }
    }
    try! s.write(toFile: "/tmp/k/fit_\(n)_\(seed).txt", atomically: true, encoding: .utf8)
  }
}
