import FewtapCore
import FewtapTargets
import Testing

/// Every kernel at random values of all its parameters: what holds whatever they are.
@Suite struct ParameterSweepTests {
  /// A value of a domain: an end, or between them, mostly near the smallest magnitude, where kernels are quick to make.
  static func draw(_ domain: KernelParameter.Domain, _ random: inout SeededGenerator) -> String {
    func between(_ low: Double, _ high: Double) -> Double {
      let near = low < 0 && high > 0 ? 0 : low
      let end = random.index(2) == 0 ? low : high
      let unit = random.index(12) == 0 ? 1 : random.unit()
      return near + (end - near) * unit * unit * unit
    }
    switch domain {
    case .number(let range, _): return "\(between(range.lowerBound, range.upperBound))"
    case .whole(let range): return "\(Int(between(Double(range.lowerBound), Double(range.upperBound))))"
    case .oddSize(let range): return "\(Int(between(Double(range.lowerBound), Double(range.upperBound))) | 1)"
    case .points(_, let within):
      return (0..<2 + random.index(6)).map { _ in "\(between(-within, within)) \(between(-within, within))" }
        .joined(separator: "/")
    }
  }

  @Test(arguments: KernelCatalog.entries.map(\.name))
  func `kernels keep sum, sign and name, or say what is wrong`(name: String) throws {
    let entry = try KernelCatalog.entry(named: name)
    var random = SeededGenerator(seed: 11)
    var made = 0
    for _ in 0..<16 {
      // Sizes are mostly left out: most would cut the shape.
      let given = entry.parameters.filter { $0.key != "size" || random.index(4) == 0 }
      let text = "\(name):" + given.map { "\($0.key)=\(Self.draw($0.domain, &random))" }.joined(separator: ",")
      do throws(TargetError) {
        let kernel = try KernelSpecification(given.isEmpty ? name : text).makeKernel()
        made += 1
        #expect(try KernelSpecification(kernel.name).description == kernel.name)
        if name == "log" {
          #expect(kernel.isZeroSum, "\(text)")
        } else {
          expectSum(of: kernel, is: 1)
          #expect(kernel.isNonnegative || name == "sharpen", "\(text)")
        }
      } catch {
        switch error {
        case .contradiction, .cutOff, .tooLarge: break
        default: Issue.record("\(text): \(error)")
        }
      }
    }
    #expect(made >= 2)
  }
}
