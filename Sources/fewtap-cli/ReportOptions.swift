import ArgumentParser
import Foundation

/// What a command tells: the same figures as text for people and as JSON for scripts.
protocol Report {
  /// One object; its keys are kept from version to version.
  var json: [(String, JSON)] { get }
  /// Lines for a person.
  var text: String { get }
}

/// How much a command tells, and in which form.
struct ReportOptions: ParsableArguments {
  @Flag(help: "Print one JSON object with all figures instead of text.")
  var json = false

  @Flag(name: .shortAndLong, help: "Say more: timings and choices made.")
  var verbose = false

  @Flag(name: .shortAndLong, help: "Print nothing but errors, and JSON where --json asks for it.")
  var quiet = false

  func validate() throws {
    guard !(verbose && quiet) else { throw ValidationError("--verbose and --quiet contradict each other: give one") }
  }

  /// Something that the user should know although the command goes on.
  func warn(_ message: String) {
    if !quiet { Console.writeError("fewtap: warning: \(message)") }
  }

  /// A line for those who asked for more.
  func note(_ message: @autoclosure () -> String) {
    if verbose { Console.writeError("fewtap: \(message())") }
  }

  /// A report as `--json` prints it.
  static func jsonText(_ report: some Report, warnings: [String] = []) -> String {
    JSON.object(report.json + [("warnings", .array(warnings.map { .string($0) }))]).text() + "\n"
  }

  /// Prints a report; `textToError` keeps standard output free for a file that goes there.
  func print(_ report: some Report, warnings: [String] = [], textToError: Bool = false) throws {
    if json {
      try Console.write(Self.jsonText(report, warnings: warnings))
    } else if textToError {
      if !quiet { Console.writeError(report.text) }
    } else if !quiet {
      try Console.write(report.text + "\n")
    }
  }
}

/// Lines of a label and a value, the values aligned.
func aligned(_ rows: [(label: String, value: String)], indent: String = "  ") -> String {
  let width = rows.map(\.label.count).max() ?? 0
  return rows.map { row in
    indent + row.label.padding(toLength: width + 2, withPad: " ", startingAt: 0) + row.value
  }.joined(separator: "\n")
}

/// Text from a file as one line that moves no cursor: control and format characters escaped as in JSON, the end cut off
/// past `limit` characters.
func legible(_ text: String, limit: Int = 200) -> String {
  var result = ""
  for scalar in text.unicodeScalars.prefix(limit) {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator:
      result += "\\u" + String(format: "%04x", scalar.value)
    default: result.unicodeScalars.append(scalar)
    }
  }
  return text.unicodeScalars.count > limit ? result + "..." : result
}

/// A number with so many digits after the point; no minus before zeros.
func fixed(_ value: Double, _ digits: Int) -> String {
  let text = String(format: "%.\(digits)f", value)
  return text.contains { ("1"..."9").contains($0) || $0.isLetter } ? text : text.replacing("-", with: "")
}

/// A number with so many significant digits.
func significant(_ value: Double, _ digits: Int = 4) -> String { String(format: "%.\(digits)g", value) }
