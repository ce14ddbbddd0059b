import FewtapCore

/// Why a target kernel cannot be made.
public enum TargetError: Error, Equatable, CustomStringConvertible {
  /// No kernel of the catalog has this name; `nearest` is a likely meaning.
  case unknownKernel(String, nearest: String?)
  /// The kernel has no parameter of this name; `known` lists those it has.
  case unknownParameter(kernel: String, String, known: [String])
  /// A parameter is given twice.
  case duplicateParameter(kernel: String, String)
  /// A part of a specification is not `key=value`.
  case notAnAssignment(kernel: String, String)
  /// A value is not written as its parameter asks.
  case malformed(kernel: String, parameter: String, text: String, expected: String)
  /// A number is outside its parameter's range, or not finite.
  case outOfRange(kernel: String, parameter: String, value: Double, expected: String)
  /// Each value is in range, but they contradict each other.
  case contradiction(kernel: String, String)
  /// The size asked for does not hold the shape; `needed` does.
  case cutOff(kernel: String, size: Int, needed: Int)
  /// No accepted size holds the shape.
  case tooLarge(kernel: String, needed: Int)
  /// The weights do not make a kernel.
  case kernel(KernelError)
  /// A specification of one kernel stands where a family is wanted.
  case notAFamily(kernel: String, String)
  /// A parameter of a family leaves the kernel as it is.
  case constantParameter(kernel: String, parameter: String)
  /// A periodic parameter's ends are different kernels.
  case endsDiffer(kernel: String, parameter: String, low: Double, high: Double)

  /// A family's kernel is asked for at more or fewer values than it has parameters.
  case pointCount(family: String, found: Int, names: [String])

  /// The sentence that a user reads.
  public var description: String {
    switch self {
    case .unknownKernel(let name, let nearest):
      "there is no kernel \"\(shortened(name))\"" + (nearest.map { ": did you mean \"\($0)\"?" } ?? ":")
        + " The kernels are " + KernelCatalog.entries.map(\.name).joined(separator: ", ")
    case .unknownParameter(let kernel, let name, let known):
      "\(kernel) has no parameter \"\(shortened(name))\": "
        + (known.isEmpty ? "it takes none" : "it takes " + known.joined(separator: ", "))
    case .duplicateParameter(let kernel, let name):
      "\(kernel)'s parameter \(name) is given twice: give it once"
    case .notAnAssignment(let kernel, let text):
      "\"\(shortened(text))\" in the specification of \(kernel) is not an assignment: write name:key=value,key=value"
    case .malformed(let kernel, let parameter, let text, let expected):
      "\(kernel)'s \(parameter) is \"\(shortened(text))\": it must be \(expected)"
    case .outOfRange(let kernel, let parameter, let value, let expected):
      "\(kernel)'s \(parameter) is \(ParameterValue.text(of: value)): it must be \(expected)"
    case .contradiction(let kernel, let reason): "\(kernel) cannot be drawn: \(reason)"
    case .cutOff(let kernel, let size, let needed):
      "\(kernel) does not fit into size \(size): it needs at least size \(needed)"
    case .tooLarge(let kernel, let needed):
      "\(kernel) would need size \(needed): at most \(Kernel.maximumSide) is accepted"
    case .kernel(let error): error.description
    case .notAFamily(let kernel, let text):
      "\"\(shortened(text))\" is one kernel, not a family: give a parameter of \(kernel) a range, for example "
        + "disk:radius=0...24"
    case .constantParameter(let kernel, let parameter):
      "\(parameter) does not change the kernel of \(shortened(kernel)): give it one value instead of a range"
    case .endsDiffer(let kernel, let parameter, let low, let high):
      "\(parameter) of \(shortened(kernel)) is periodic, but its kernels at \(ParameterValue.text(of: low)) and "
        + "\(ParameterValue.text(of: high)) differ: give it a whole period, or let it not be periodic"
    case .pointCount(let family, let found, let names):
      "\(found) value\(found == 1 ? "" : "s") for the \(names.count) parameters of \(shortened(family)): give one for each of "
        + names.joined(separator: ", ")
    }
  }

  /// At most 40 characters of what a user wrote.
  private func shortened(_ text: String) -> String { text.count > 40 ? text.prefix(40) + "..." : text }
}
