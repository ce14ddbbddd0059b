import ArgumentParser
import Foundation

/// The memory that a run takes at most, in bytes, by part.
struct MemoryNeed: CustomStringConvertible {
  /// The program with its libraries.
  var program: Int
  var reading: Int
  var filtering: Int
  var writing: Int

  var total: Int { program + reading + filtering + writing }

  var description: String {
    func text(_ bytes: Int) -> String { Self.mebibytes(bytes) }
    return
      "\(text(total)) of memory (\(text(program)) for the program, \(text(reading)) to read, \(text(filtering)) to "
      + "filter, \(text(writing)) to write)"
  }

  static func mebibytes(_ bytes: Int) -> String { "\((bytes + (1 << 20) - 1) >> 20) MiB" }

  /// What the program itself takes: what it holds now, before it opens any file, and the code and tables that it will touch
  /// (9 MiB were measured for an image of 4x4 pixels, in any format).
  static var ofProgram: Int { heldNow + (16 << 20) }

  private static var heldNow: Int {
    #if os(Linux)
    // The second number is resident pages (proc(5)). `ru_maxrss` would count what our parent held when it made us.
    let numbers = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
    return numbers.count > 1 ? (Int(numbers[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
    #else
    var usage = rusage()
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0
    #endif
  }
}

extension OptionValue {
  /// An amount of memory: bytes, or with K, M or G.
  @Sendable static func memory(_ text: String) throws -> Int {
    let units: [Character: Int] = ["K": 10, "M": 20, "G": 30]
    let shift = text.last.flatMap { units[Character($0.uppercased())] }
    let number = shift == nil ? text[...] : text.dropLast()
    guard let value = Int(number), value > 0, value <= Int.max >> (shift ?? 0) else {
      throw ValidationError("it must be a number of bytes, or such a number with K, M or G: 512M, 4G")
    }
    return value << (shift ?? 0)
  }
}
