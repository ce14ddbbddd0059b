import ArgumentParser
import Foundation

/// How many threads work; no result depends on it.
struct ThreadOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Threads to use; the result is the same, to the bit, for any number. (default: all cores)", valueName: "n"),
    transform: OptionValue.whole(1...1024))
  var threads: Int = ProcessInfo.processInfo.activeProcessorCount
}
