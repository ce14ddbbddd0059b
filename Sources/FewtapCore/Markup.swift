/// Text as it may stand in XML and HTML alike, between tags and in attributes.
///
/// Names come from users and files: characters that move a cursor, turn the writing around or are none in XML (XML 1.0, 2.2) are spelled out.
package func markup(_ text: String, limit: Int = 200) -> String {
  var result = ""
  for scalar in text.unicodeScalars.prefix(limit) {
    switch scalar {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    case "'": result += "&#39;"
    default:
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .surrogate:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
  }
  return text.unicodeScalars.count > limit ? result + "..." : result
}
